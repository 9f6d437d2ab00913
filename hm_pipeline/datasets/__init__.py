"""Sources of data: Kaggle's files, and a simulated shop in the same layout."""

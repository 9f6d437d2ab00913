"""Where the data come from: Kaggle's files, and a simulated shop in the same layout."""

"""Search, blend, rank and explain: from candidates with features to twelve articles."""

"""Columns that tables share: the keys of a pair, its label, and the length of a list."""

BUYER = ("week_id", "customer_id")
KEYS = (*BUYER, "article_id")
LABEL = "is_bought"
K = 12  # places of a list that count

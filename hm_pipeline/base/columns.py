"""Columns and values that tables share: the keys of a pair, its label, the length of a list, kinds of audiences."""

BUYER = ("week_id", "customer_id")
KEYS = (*BUYER, "article_id")
PAIR = ("customer_id", "article_id")  # of a week that is known
LABEL = "is_bought"
K = 12  # places of a list that count
EVERYONE, BUYERS = "everyone", "buyers"  # kinds of a week's audience

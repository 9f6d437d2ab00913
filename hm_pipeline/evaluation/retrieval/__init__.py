"""Recall of retrieval, of each strategy, and of smaller budgets."""

"""Vectors of articles that come from what is written about them, not from who bought them."""

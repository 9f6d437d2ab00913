"""Simulated shops in Kaggle's layout."""

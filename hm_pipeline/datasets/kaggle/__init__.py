"""Ingest of files in Kaggle's layout."""

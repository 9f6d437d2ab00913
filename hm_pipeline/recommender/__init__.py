"""The recommender: histories, signals, candidates, the ensemble, and what they share."""

"""Ranking metrics and their bootstrap intervals."""

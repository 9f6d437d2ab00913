"""Measured, not claimed: rule baselines, the scoreboard and its report."""

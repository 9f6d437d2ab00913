"""Measured, not claimed: rule rivals, the scoreboard and its report."""

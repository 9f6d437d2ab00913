"""Evaluation: baselines, the scoreboard and its report, metrics of the signals, public tasks, the leak audit."""

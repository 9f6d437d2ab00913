"""Metrics of the signals by themselves: against outcomes, beside trivial baselines, week by week."""

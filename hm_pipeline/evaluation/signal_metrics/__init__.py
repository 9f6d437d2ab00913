"""How good the signals are by themselves: against what happened, beside trivial baselines, week by week."""

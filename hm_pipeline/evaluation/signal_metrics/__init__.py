"""How good the signals are by themselves: against what happened, beside trivial rivals, week by week."""

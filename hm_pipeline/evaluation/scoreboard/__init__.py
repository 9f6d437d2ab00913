"""Scoreboard: the model beside baselines, week by week and pooled."""

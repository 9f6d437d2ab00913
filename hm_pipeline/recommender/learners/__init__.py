"""Gradient boosters behind one interface."""

"""Helpers that several signals share."""

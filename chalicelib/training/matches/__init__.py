"""Probable matches: blocking, comparison, weights learned without labels, and scores with their reasons."""

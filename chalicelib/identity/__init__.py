"""Normalises identifiers, turns them into blind indexes, and plans which profile an event belongs to."""

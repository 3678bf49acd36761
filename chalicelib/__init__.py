"""Zhiyin: one explainable profile per person, from every channel's events."""

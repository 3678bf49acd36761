"""Invented people whose truth is known, and how often the tags of their profiles tell it."""

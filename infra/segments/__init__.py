"""Segments against people of known kinds: who they are, how they live, and how well they are told apart."""

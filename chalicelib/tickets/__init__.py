"""Tickets: what somebody asked for, what of it is known, what to do next, by when, and what became of it."""

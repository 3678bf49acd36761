"""Proactive service, as pure functions: which risks are seen in a person, what is suggested, to whom it may be, and whether it helps."""

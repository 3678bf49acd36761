"""Which two profiles may be one person: the values that are compared, and the proposal with its reasons."""

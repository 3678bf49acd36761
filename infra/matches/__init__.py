"""How good the probable matches are: scored on people that others invented, and timed on many rows."""

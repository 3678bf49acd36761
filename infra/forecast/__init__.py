"""How good the forecast of contacts is: on series whose structure is known, and on the calls of a bank."""

"""A simulated day of a desk whose truth is known: how good the choice of agents is, and against whom."""

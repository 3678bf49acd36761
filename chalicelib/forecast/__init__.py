"""How many contacts will come to a queue in each half hour of the next two weeks, and how sure that is."""

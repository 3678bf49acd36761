"""How good a source's material is: what is counted of it, and what the counts say."""

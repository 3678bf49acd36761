"""What a caller needs, where they should go and why: the policy is a declaration, the decision a value."""

"""What learns from many profiles at once: the only place of numpy and scikit-learn, and never on a hot path."""

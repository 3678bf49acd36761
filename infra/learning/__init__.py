"""Runs of learning on many invented people: against a bare scan and scikit-learn, killed, and measured."""

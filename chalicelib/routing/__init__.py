"""Decides where a person should go, how to talk to them, and why. The policy is data."""

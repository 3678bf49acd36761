"""Scores beside yardsticks, on people of others: churn of a telephone company, purchases of a music shop."""

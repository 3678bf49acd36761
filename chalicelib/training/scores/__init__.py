"""Learns scores: a contest of scikit-learn pipelines, calibrated, validated by time, and written as plain numbers."""

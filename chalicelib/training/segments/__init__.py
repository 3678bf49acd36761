"""Learns segments of many people at once: a contest of algorithms, named by meaning. Needs scikit-learn and scipy."""

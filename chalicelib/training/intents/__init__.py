"""Teaches the intent model: examples in, the file that ``routing.intent_model`` reads out. Needs scikit-learn."""

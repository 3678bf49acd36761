"""The demo: one day at an invented Chinese online shop, sent through the doors and compared with its truth."""

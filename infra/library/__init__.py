"""What ships as tags: counted, run on its own examples, and written down for readers."""

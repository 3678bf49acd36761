"""What many people say and are, in counts: hot words against the usual, distributions per tag, and tags of groups."""

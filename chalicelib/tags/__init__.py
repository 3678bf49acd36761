"""Tag declarations, their index by what they read, evaluation, and the answer to why."""

"""A desk that is played through, contact by contact, with the decisions that the real one makes."""

"""The canonical event, its types, and what an event must satisfy to be accepted."""

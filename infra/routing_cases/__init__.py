"""The table of routing cases that a service-desk lead reads and extends: reading it, running it, writing its page."""

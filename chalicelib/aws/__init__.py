"""The cloud, as thin as it can be: signed JSON calls, keys, queue, bus, settings, logs and metrics."""

"""Sealing, masking, the data map and credentials. Values in, values out: no key is fetched here."""

"""Packaging, the template, the local cloud and the operator's tools: nothing here is deployed."""

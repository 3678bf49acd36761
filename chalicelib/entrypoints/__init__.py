"""Chalice blueprints and handlers: parse, call one flow, answer. The only code that knows Chalice."""

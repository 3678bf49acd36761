"""Facets and profiles: fold, join, measures over time. A profile is a pure function of its events."""

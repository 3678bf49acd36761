"""Translates what a channel sends into canonical events. Does no I/O and decides nothing about people."""

"""What a save published, kept with its events so that a redelivery can publish again what a crash ate.

A row costs by the kilobyte. The note goes with the event that takes the least room; where many tags turn at once and it
has none left, the note is divided among the rows that have.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.flows.services import Change
from chalicelib.kernel.codec import encode

_KILOBYTE = 1024
_AROUND_BYTES = 160
"""What a row takes beside its content and note at most: names, keys and moments."""


def notes_of(published: Sequence[Change], contents: Sequence[bytes]) -> list[bytes]:
    """A note for each of some contents; most are empty."""
    notes = [b""] * len(contents)
    by_size = sorted(range(len(contents)), key=lambda place: len(contents[place]))
    for parts in range(1, min(len(contents), len(published)) + 1):
        places, each = by_size[:parts], -(-len(published) // parts)
        divided = [encode(published[turn * each : (turn + 1) * each]) for turn in range(parts)]
        if all(_has_room(contents[place], note) for place, note in zip(places, divided, strict=True)):
            break
    else:
        # There is no room anywhere: a longer row then, once.
        places, divided = by_size[:1], [encode(published)]
    for place, note in zip(places, divided, strict=True):
        notes[place] = note
    return notes


def _has_room(content: bytes, note: bytes) -> bool:
    """Whether the note makes a row no dearer."""
    left = -(len(content) + _AROUND_BYTES) % _KILOBYTE
    return len(note) <= left

"""Notes of what a save published: all of it is kept, and no row grows dearer for it while another has room."""

from __future__ import annotations

import random

import pytest

from chalicelib.flows.notes import notes_of
from chalicelib.flows.services import Change
from chalicelib.kernel.codec import decode

KEYS_BYTES = 160
DRAWN = random.Random(11)


def published(count: int) -> list[Change]:
    """So many tags that turned at one save."""
    about = {"tenant": "t_notes", "profile_id": "p_" + "x" * 22, "version": 7, "at": "2026-11-22T11:00:00Z"}
    return [
        Change("tag.set", {**about, "tag": DRAWN.randbytes(10).hex(), "confidence": DRAWN.random()})
        for _ in range(count)
    ]


def by_tag(one: Change) -> str:
    """Parts may be read again in any order."""
    return str(one.detail["tag"])


def kept(notes: list[bytes]) -> list[Change]:
    """What a redelivery of all events publishes again."""
    return [one for note in notes if note for one in decode(note, list[Change])]


@pytest.mark.parametrize("count", [0, 1, 5, 10, 20, 40, 60])
def test_notes__of_ten_events__no_row_takes_another_kilobyte(count: int) -> None:
    """However many tags turn, ten rows of half a kilobyte stay rows of one, and nothing is lost or told twice."""
    told, contents = published(count), [DRAWN.randbytes(400 + 13 * place) for place in range(10)]
    notes = notes_of(told, contents)
    assert all(len(row) + len(note) + KEYS_BYTES <= 1024 for row, note in zip(contents, notes, strict=True))
    assert sorted(kept(notes), key=by_tag) == sorted(told, key=by_tag)


def test_notes__of_few_changes__stand_with_the_shortest_event() -> None:
    """A note in one piece is shorter than in two."""
    notes = notes_of(published(5), [b"x" * 500, b"x" * 400, b"x" * 450])
    assert [bool(note) for note in notes] == [False, True, False]


def test_notes__with_room_nowhere__are_kept_in_one_row() -> None:
    """One longer row costs less than two."""
    told = published(60)
    notes = notes_of(told, [b"x" * 850, b"x" * 840])
    assert (notes[0], kept(notes)) == (b"", told)

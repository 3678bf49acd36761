"""The sums of the intent model: exact, whatever is said how often, and bounded in what they remember."""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.routing import intent_sums
from chalicelib.routing.intent_grams import READ, grams
from chalicelib.routing.intent_sums import ZERO, Sums

WIDTH = 5
MOST_PIECES = 72 * READ


def added_up(vocabulary: Sequence[str], rarity: Sequence[int], rows: bytes, pieces: Sequence[str]) -> list[float]:
    """What ``Sums`` tells, weight by weight."""
    places = {piece: place for place, piece in enumerate(vocabulary)}
    said = [(places[one], times) for one, times in Counter(pieces).items() if one in places]
    counts = [round((rarity[at] << 8) * (1.0 + math.log(times))) for at, times in said]
    norm = math.sqrt(sum(one * one for one in counts))
    weights = [[rows[at * WIDTH + intent] - ZERO for at, _ in said] for intent in range(WIDTH)]
    return [sum(map(int.__mul__, counts, column)) / norm for column in weights]


def told(sums: Sums, pieces: Sequence[str]) -> list[float]:
    """The sums as scores are made of them."""
    raw, middle, norm, _ = sums.of(pieces)
    return [(one - middle) / norm for one in raw]


def table(size: int, seed: int) -> tuple[list[str], list[int], bytes]:
    """(pieces, rarity, rows) of a model of nothing in particular."""
    draw = random.Random(seed)
    return (
        [f"p{at}" for at in range(size)],
        [draw.randint(1, 65_535) for _ in range(size)],
        draw.randbytes(size * WIDTH),
    )


@given(st.lists(st.integers(0, 14), min_size=1, max_size=60), st.integers(0, 5))
def test_sums__of_pieces_said_once_or_more__are_those_of_each_weight(said: list[int], seed: int) -> None:
    """Adding lanes gives the very numbers that adding weights gives, also of a text that was met before."""
    vocabulary, rarity, rows = table(12, seed)
    sums = Sums(vocabulary, struct.pack("<12H", *rarity), rows, WIDTH)
    pieces = [f"p{at}" for at in said]
    if not {*pieces} & {*vocabulary}:
        assert sums.of(pieces) == ((), 0.0, 1.0, 0.0)
        return
    expected = added_up(vocabulary, rarity, rows, pieces)
    assert told(sums, pieces) == told(sums, pieces) == expected
    assert sums.of(pieces)[3] == len({*pieces} & {*vocabulary}) / len({*pieces})


@pytest.mark.parametrize("distinct", [1, 300, 10_000, MOST_PIECES])
def test_lanes__of_the_heaviest_text__do_not_spill(distinct: int) -> None:
    """As many pieces as a text may have, of the most weight and rarity there is, said once or again and again."""
    vocabulary, rarity = [f"p{at}" for at in range(distinct)], [65_535] * distinct
    rows = bytes([255, 0, 255, 0, 255]) * distinct
    sums = Sums(vocabulary, struct.pack("<H", 65_535) * distinct, rows, WIDTH)
    pieces = [f"p{at % distinct}" for at in range(MOST_PIECES)]
    assert told(sums, pieces) == added_up(vocabulary, rarity, rows, pieces)


@given(st.text(max_size=READ))
def test_text__of_any_letters__has_no_more_pieces_than_lanes_are_made_for(text: str) -> None:
    """The bound that the lanes' width rests on; no character becomes more letters than this ligature."""
    assert len(grams(text)) <= MOST_PIECES
    assert len(grams("\ufdfa" * READ)) <= MOST_PIECES


def test_memory__of_a_large_model__is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not remembered is added up all the same."""
    monkeypatch.setattr(intent_sums, "_KEPT", 10)
    vocabulary, rarity, rows = table(50, 1)
    sums = Sums(vocabulary, struct.pack("<50H", *rarity), rows, WIDTH)
    pieces = [*vocabulary, *vocabulary[:20]]
    assert told(sums, pieces) == told(sums, pieces) == added_up(vocabulary, rarity, rows, pieces)
    assert len(sums._columns) == 10

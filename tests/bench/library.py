"""The shipped library: what an event's evaluation costs beside its bare conditions, and what loading it costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

from chalicelib.profiles.conditions import ENGINE
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import values
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess
from tests.bench.measure import ROOT, Row, in_turns, row_of
from tests.unit.tags.persons import NOW, happened, person

MOST_RATIO, MOST_LOAD_MS = 1.2, 30.0
_STARTS = 9
_LOAD = """
import time
from chalicelib.tags import engine
from chalicelib.tags.catalogue import load_catalogue
began = time.process_time()
load_catalogue()
print((time.process_time() - began) * 1000)
"""


def rows() -> Iterator[Row]:
    """The rows of the shipped library."""
    yield _evaluation()
    yield _loading()


def _evaluation() -> Row:
    library = load_catalogue()
    before, after = _person(), _person(happened("conversation.opened", 0, "wechat", topic="logistics"))
    touched = frozenset({"m.contacts", "m.contacts_wechat", "m.ask_logistics", "p", "ids"})
    reads, conditions = set[str](), list[Any]()
    for tag_id in library.rules:
        compiled = library.compiled(tag_id)
        reads |= compiled.reads
        conditions += compiled.conditions
    program = ENGINE.compile([{"!!": [one]} for one in conditions])
    paths = frozenset(reads)

    def evaluated() -> object:
        return changes(*(assess(library, one, NOW, touched) for one in (before, after)))

    def bare() -> object:
        money = library.measures.money
        return [program.evaluate(values(one, paths, NOW, money)) for one in (before, after)]

    pair = in_turns(evaluated, bare, rounds=15, calls=50)
    what = f"an event's tags of {len(library.rules)} rules ÷ all their conditions in one array rule"
    note = (
        f"Each side judges the person before and after one contact. The yardstick reads the values and runs "
        f"{len(conditions)} conditions; the subject also finds what is concerned, weighs, decays, settles and compares."
    )
    return row_of(what, pair, MOST_RATIO, evaluated, note=note)


def _loading() -> Row:
    """The catalogue's share of a cold start: decoding, in fresh processes that have imported the rest. Who first asks indexes."""
    seen = []
    for _ in range(_STARTS):
        done = subprocess.run([sys.executable, "-c", _LOAD], cwd=ROOT, check=True, capture_output=True, text=True)
        seen.append(float(done.stdout))
    return Row(
        "loading the shipped catalogue at a cold start, ms", f"{median(seen):.1f} ms", "—", median(seen), MOST_LOAD_MS
    )


def _person(*more: Any) -> Profile:
    lived = [happened("order.paid", day, amount="300", order_id=str(day)) for day in (3, 20, 40, 80)]
    lived += [happened("conversation.opened", day, "wechat", topic="logistics") for day in (1, 2, 9, 30)]
    lived += [happened("session.started", day, "app") for day in (0.5, 1, 5, 6)]
    lived += [happened("page.viewed", day, "app", category="beauty") for day in (0.5, 1, 5)]
    lived += [happened("survey.answered", 2, score=4)]
    return person([*lived, *more], {"gender": "female", "member_level": "gold"})

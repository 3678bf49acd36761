"""Rules and sealing: pure domain, beside the least that could do the same."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.flows.contribute import FacetKeys
from chalicelib.kernel.texts import Text
from chalicelib.privacy.sealing import facet_key
from chalicelib.profiles.measures import Measure, MeasureSet
from chalicelib.profiles.model import Profile
from chalicelib.profiles.series import single
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.engine import assess
from chalicelib.tags.model import Examples, Signal, TagRule
from tests.bench.measure import Row, in_turns, row_of

NOW = 1_790_000_000_000
CONCERNED, ALL = 250, 10_000
#: Measures that the event touches, and those that it does not. The profile has all of them.
TOUCHED, UNTOUCHED = 10, 390
_WORDS = Text(zh="合成", en="synthetic")


def rows() -> Iterator[Row]:
    """Every row that needs neither a store nor a package."""
    yield from _rules()
    yield from _sealing()


def _rules() -> Iterator[Row]:
    many, few = _catalogue(ALL), _catalogue(CONCERNED)
    person, touched = _profile(), {f"m.touched_{place}" for place in range(TOUCHED)}
    assert len(assess(few, person, NOW, touched).tags) == len(assess(many, person, NOW, touched).tags) == CONCERNED
    what = f"rules, {CONCERNED} concerned of {ALL:,} ÷ {CONCERNED} of {CONCERNED}"

    def of_many() -> object:
        return assess(many, person, NOW, touched)

    pair = in_turns(of_many, lambda: assess(few, person, NOW, touched), rounds=15, calls=20)
    yield row_of(f"{what}, for a kind of profile and event seen before", pair, 1.3, of_many)

    fresh_of_many, fresh_of_few = _never_seen(many, touched), _never_seen(few, touched)
    pair = in_turns(fresh_of_many, fresh_of_few, rounds=15, calls=20)
    yield row_of(f"{what}, for one never seen", pair, 1.3, fresh_of_many)


def _never_seen(catalogue: Catalogue, touched: set[str]) -> Any:
    """Evaluate a profile that has another set of measures at each call: nothing chosen before fits it."""
    drawn = random.Random(7)
    people = [_profile(without=f"untouched_{drawn.randrange(UNTOUCHED)}", also=f"own_{n}") for n in range(1_000)]
    turn = itertools.cycle(people)
    return lambda: assess(catalogue, next(turn), NOW, touched)


def _catalogue(size: int) -> Catalogue:
    measures = [f"touched_{place}" for place in range(TOUCHED)] + [f"untouched_{place}" for place in range(UNTOUCHED)]
    read = [measures[place % TOUCHED] for place in range(CONCERNED)]
    read += [measures[TOUCHED + place % UNTOUCHED] for place in range(size - CONCERNED)]
    rules = [_rule(f"tag_{place:05d}", measure) for place, measure in enumerate(read)]
    return Catalogue(rules, MeasureSet(Measure(id=one, on=("synthetic.event",), names=_WORDS) for one in measures))


def _rule(id_: str, measure: str) -> TagRule:
    return TagRule(
        id=id_,
        version=1,
        name=_WORDS,
        meaning=_WORDS,
        class_="customer_group",
        dimension="behaviour",
        owner="bench",
        purposes=("service",),
        signals=(
            Signal("often", 0.6, {">=": [{"var": f"m.{measure}.count_30d"}, 1]}, _WORDS),
            Signal("lately", 0.4, {"<=": [{"var": f"m.{measure}.days_since_last"}, 7]}, _WORDS),
        ),
        threshold=0.5,
        half_life_days=30.0,
        expires_days=90.0,
        examples=Examples({}, {}),
    )


def _profile(without: str = "", also: str = "") -> Profile:
    names = [f"touched_{place}" for place in range(TOUCHED)] + [f"untouched_{place}" for place in range(UNTOUCHED)]
    series = {name: single(NOW - 3_600_000, 1) for name in (*names, *([also] if also else ())) if name != without}
    return Profile("p_bench", 1, "active", 1, NOW - 9_000_000, NOW - 3_600_000, {}, {}, series, (), {"web": NOW})


def _sealing() -> Iterator[Row]:
    values = [os.urandom(24) for _ in range(6)]
    secret = facet_key(os.urandom(32), os.urandom(32), "fields")
    facet = "phone:0123456789abcdefghijklmn"
    keys = FacetKeys(tenant="t_bench", facet=facet, generation=1, key_version=1, fields=secret, events=secret)
    bare, nonce, bound = AESGCM(os.urandom(32)), os.urandom(12), f"7:t_bench30:{facet}1:7:trait/11:1".encode()

    def sealed() -> None:
        for place, value in enumerate(values):
            keys.seal(keys.fields, f"trait/{place}", value)

    def with_a_drawn_nonce() -> None:
        for value in values:
            bare.encrypt(os.urandom(12), value, bound)

    def with_a_given_nonce() -> None:
        for value in values:
            bare.encrypt(nonce, value, bound)

    what = "sealing six fields ÷ six bare AES-GCM calls"
    pair = in_turns(sealed, with_a_drawn_nonce, rounds=25, calls=2_000)
    note = (
        "No nonce may be used twice under a key, so a bare call is one that has its nonce: the yardstick draws them, ours"
        " are derived from what is sealed, because equal events must come to equal bytes."
    )
    yield row_of(f"{what}, each with a nonce drawn for it", pair, 3.0, sealed, note=note)
    pair = in_turns(sealed, with_a_given_nonce, rounds=25, calls=2_000)
    note = "The least a call can be: one nonce for all, which no product may do."
    yield row_of(f"{what} with one nonce given for all", pair, 3.0, sealed, note=note)

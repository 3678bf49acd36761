"""Claims of several sources: a join like the rest of a facet, bounded, and nothing to a person of one source."""

from __future__ import annotations

from functools import reduce

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.kernel.codec import encode
from chalicelib.profiles import claims as claiming
from chalicelib.profiles.claims import OTHERS_KEPT, join_claims, trait_order, usable
from chalicelib.profiles.fold import fold, join_facets
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.model import Body, Contribution, Facet, Profile, Trait

START = 1_750_000_000_000
SOURCES = ("s_a", "s_b", "s_c", "s_d", "s_e", "s_f")


def said(source: str, value: object, at: int, key: bytes | None = None, rank: int = 1, name: str = "city") -> Trait:
    return Trait(value, START + at, rank, key or f"{source}{at}".encode(), source)


def told(trait: Trait, name: str = "city", facet: str = "user_id:a") -> Contribution:
    at, source = trait.observed_at, trait.source
    return Contribution(trait.event_key, "profile.described", at, source, 1, "web", facet, {}, {name: trait}, ())


@st.composite
def tellings(draw: st.DrawFn) -> list[Contribution]:
    """Up to thirty words of six sources about two traits, many at one instant."""
    keys = draw(st.lists(st.binary(min_size=2, max_size=2), unique=True, min_size=1, max_size=30))
    return [
        told(
            said(
                draw(st.sampled_from(SOURCES)),
                draw(st.sampled_from(["上海", "北京", None])),
                draw(st.integers(0, 6)),
                key,
                draw(st.integers(0, 2)),
            ),
            draw(st.sampled_from(["city", "gender"])),
        )
        for key in keys
    ]


def facet_of(events: list[Contribution]) -> Facet:
    folded = fold(None, events)
    assert folded is not None
    return folded


def bytes_of(facet: Facet) -> bytes:
    return encode(body_of({"user_id:a": facet}))


def oracle(events: list[Contribution], name: str) -> list[Trait]:
    """The last word of every source, the latest first, seen at once."""
    words = [one.traits[name] for one in events if name in one.traits]
    last = {
        source: max((w for w in words if w.source == source), key=trait_order) for source in {w.source for w in words}
    }
    return sorted(last.values(), key=trait_order, reverse=True)[: OTHERS_KEPT + 1]


@given(tellings(), st.randoms(use_true_random=False), st.integers(1, 6))
@settings(max_examples=400, deadline=None)
def test_claims__any_order_and_grouping__are_the_last_words(events, shuffled, parts) -> None:
    """Commutative, associative, and what all events at once come to, pruning included."""
    straight = facet_of(events)
    mixed = list(events)
    shuffled.shuffle(mixed)
    groups = [group for group in (mixed[start::parts] for start in range(parts)) if group]
    joined = reduce(join_facets, [facet_of(group) for group in groups])
    assert bytes_of(joined) == bytes_of(straight)
    for name, winner in straight.traits.items():
        assert [winner, *straight.claims.get(name, ())] == oracle(events, name)


@given(tellings())
@settings(max_examples=100, deadline=None)
def test_claims__joined_with_themselves__are_the_same(events) -> None:
    """Idempotent; a claim is never of the winner's source, and never of a source twice."""
    facet = facet_of(events)
    assert join_claims(facet, facet, facet.traits) == facet.claims
    for name, claims in facet.claims.items():
        sources = [facet.traits[name].source, *(one.source for one in claims)]
        assert 1 < len(sources) == len(set(sources)) <= OTHERS_KEPT + 1


def test_claims__first_come_are_kept_mutant__is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the bound to keep whoever came first, two orders would give two bodies."""
    events = [told(said(source, "上海", place)) for place, source in enumerate(SOURCES)]

    def first_come(words):
        return list({one.source: one for one in words}.values())[: OTHERS_KEPT + 1]

    assert bytes_of(facet_of(events)) == bytes_of(facet_of(events[::-1]))
    monkeypatch.setattr(claiming, "_last_words", first_come)
    assert bytes_of(facet_of(events)) != bytes_of(facet_of(events[::-1]))


def test_claims__of_one_source__are_none() -> None:
    """However often one source speaks: a facet of one source carries an empty map, one byte."""
    facet = facet_of([told(said("s_a", f"city {number}", number)) for number in range(9)])
    assert facet.claims == {}
    bare = msgspec.msgpack.encode(facet)
    assert len(bare) == len(msgspec.msgpack.encode(msgspec.structs.astuple(facet)[:-1])) + 1


def test_claims__tags_that_persons_set__are_not_claims() -> None:
    """What two agents think of somebody is not two sources of one fact."""
    events = [told(said(f"person:{one}", one == "a", place), "tag:vip") for place, one in enumerate("ab")]
    assert facet_of(events).claims == {}
    assert join("p", 1, "active", 1, body_of({"a": facet_of(events[:1]), "b": facet_of(events[1:])})).claims == {}


def test_body__of_before_claims__is_read_and_grows_from_there() -> None:
    """A stored facet without the field reads as one without claims."""
    facet = facet_of([told(said("s_a", "上海", 1))])
    old = [2, {"user_id:a": msgspec.structs.astuple(facet)[:-1]}, []]
    body = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=Body)
    assert body.facets == {"user_id:a": facet}
    grown = fold(body.facets["user_id:a"], [told(said("s_b", "北京", 0))])
    assert grown is not None and [one.source for one in grown.claims["city"]] == ["s_b"]


def person(*facets: list[Contribution]) -> Profile:
    return join("p", 1, "active", 1, body_of({f"user_id:{place}": facet_of(one) for place, one in enumerate(facets)}))


def test_profile__claims_of_its_facets__join_with_where_they_were_made() -> None:
    """A source's last word counts, whichever facet it is in; the winner is the trait's."""
    profile = person(
        [told(said("s_a", "上海", 1)), told(said("s_b", "北京", 2))],
        [told(said("s_a", "广州", 3)), told(said("s_c", "深圳", 0))],
    )
    assert [(one.trait.value, one.facet) for one in profile.claims["city"]] == [
        ("广州", "user_id:1"),
        ("北京", "user_id:0"),
        ("深圳", "user_id:1"),
    ]
    assert profile.claims["city"][0].trait == profile.traits["city"]


@given(tellings(), tellings())
@settings(max_examples=100, deadline=None)
def test_profile__winner__is_the_same_with_and_without_claims(left, right) -> None:
    """While all sources are well, nothing of a trait changes by keeping what others say."""
    profile = person(
        left,
        [
            told(replace(trait, event_key=trait.event_key + b"r"), name)
            for one in right
            for name, trait in one.traits.items()
        ],
    )
    for name, claims in profile.claims.items():
        assert claims[0].trait == profile.traits[name]
        if claims[0].trait.value is not None:
            assert usable(profile, {}).traits[name] == profile.traits[name]


def test_usable__winner_down_weighted__the_latest_healthy_source_fills() -> None:
    """Another source's value stands in, and it is said whose was set aside."""
    profile = person([told(said("s_a", "上海", 3)), told(said("s_b", "北京", 2)), told(said("s_c", "广州", 1))])
    assert usable(profile, {"s_a": 0.5}) is profile
    filled = usable(profile, {"s_a": 0.3, "s_b": 0.0})
    assert (filled.traits["city"].value, filled.filled) == ("广州", {"city": "s_a"})
    assert usable(profile, {"s_a": 0.3, "s_b": 0.0, "s_c": 0.1}) is profile


def test_usable__winner_withdrew__another_value_fills_even_from_a_poor_source() -> None:
    """No value is worse than a doubtful one; where nobody has any, the winner stays as it is."""
    profile = person([told(said("s_a", None, 3)), told(said("s_b", "北京", 2))])
    assert usable(profile, {}).traits["city"].value == "北京"
    assert usable(profile, {"s_b": 0.1}).filled == {"city": "s_a"}
    nobody = person([told(said("s_a", None, 3)), told(said("s_b", None, 2))])
    assert usable(nobody, {}) is nobody


@pytest.mark.parametrize(("last", "before"), [("under_14", "30_39"), ("30_39", "under_14"), (None, "under_14")])
def test_usable__age_band_of_a_source_that_is_not_well__a_child_stays_protected(last: str | None, before: str) -> None:
    """To doubt a source takes protection from no child, and whom it makes a child is not judged either."""
    events = [told(said("s_a", before, 1, name="age_band"), "age_band"), told(said("s_b", last, 2), "age_band")]
    profile = join("p_1", 1, "active", 1, body_of({"user_id:a": facet_of(events)}))
    found = usable(profile, {"s_b": 0.4})
    assert (found.traits["age_band"].value, found.is_profiled) == ("under_14", False)
    assert usable(found, {"s_b": 0.4}) == found

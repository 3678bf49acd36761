"""Which profile each event of a batch belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.resolve import Claim, Group, Known, resolve

RANKS = {"user_id": 0, "phone": 1, "email": 2, "anonymous_id": 3}


def plan(
    claims: list[Claim], owners: Mapping[str, str] | None = None, known: list[Known] | None = None
) -> tuple[Group, ...]:
    return resolve(
        claims,
        owners or {},
        known or [],
        new_profile_id=lambda anchor: f"new({anchor})",
        rank=lambda ns: RANKS[ns],
    )


def claim(number: int, anchor: str, *others: str) -> Claim:
    return Claim(number.to_bytes(2), number, anchor, others)


def test_resolve__unknown_people__get_profiles_named_by_their_first_anchor() -> None:
    """Each new person's profile id follows from the first anchor alone."""
    groups = plan([claim(2, "user_id:b"), claim(1, "user_id:a"), claim(3, "user_id:a", "phone:1")])
    assert [(group.profile_id, len(group.claims), group.repoint) for group in groups] == [
        ("new(user_id:a)", 2, ("phone:1", "user_id:a")),
        ("new(user_id:b)", 1, ("user_id:b",)),
    ]


def test_resolve__a_known_identifier__leads_to_its_profile() -> None:
    """A new anchor beside a known identifier joins that identifier's profile."""
    known = [Known("p1", frozenset({"anonymous_id:x"}), 5)]
    (group,) = plan([claim(1, "user_id:a", "anonymous_id:x")], {"anonymous_id:x": "p1"}, known)
    assert (group.profile_id, group.absorbed, group.repoint) == ("p1", (), ("user_id:a",))


def test_resolve__two_known_people_meet__the_stronger_anchor_survives() -> None:
    """Of two profiles that an event shows to be one, the one with the stronger identifier keeps its id."""
    known = [Known("p1", frozenset({"anonymous_id:x"}), 1), Known("p2", frozenset({"user_id:a"}), 9)]
    owners = {"anonymous_id:x": "p1", "user_id:a": "p2"}
    (group,) = plan([claim(1, "user_id:a", "anonymous_id:x")], owners, known)
    assert (group.profile_id, group.absorbed, group.repoint) == ("p2", ("p1",), ("anonymous_id:x",))


def test_resolve__two_accounts_on_one_phone__are_not_merged() -> None:
    """A link that would give one profile two accounts is refused with its reason; both events count."""
    known = [Known("p1", frozenset({"user_id:a", "phone:1"}), 1), Known("p2", frozenset({"user_id:b"}), 2)]
    owners = {"phone:1": "p1", "user_id:a": "p1", "user_id:b": "p2"}
    (group,) = plan([claim(1, "user_id:b", "phone:1")], owners, known)
    assert group.profile_id == "p2"
    assert [(link.identifier, link.reason) for link in group.refused] == [("phone:1", "too_many_user_id")]
    assert group.repoint == ()


def test_resolve__a_sixth_phone__is_not_linked_and_makes_nobody() -> None:
    """Past the limit of a namespace an identifier is left out, and is not a person of its own."""
    phones = [f"phone:{number}" for number in range(6)]
    (group,) = plan([claim(1, "user_id:a", *phones)])
    assert [link.identifier for link in group.refused] == ["phone:5"]
    assert group.repoint == (*phones[:5], "user_id:a")


def test_resolve__a_refused_link__does_not_hide_the_same_identifier_of_another_event() -> None:
    """What is refused of one event may still be another event's anchor."""
    known = [Known("p1", frozenset({"user_id:a", "phone:1"}), 1)]
    owners = {"phone:1": "p1", "user_id:a": "p1"}
    groups = plan([claim(1, "user_id:b", "phone:1"), claim(2, "phone:1")], owners, known)
    assert {group.profile_id: len(group.claims) for group in groups} == {"new(user_id:b)": 1, "p1": 1}


KEYS = [f"{namespace}:{number}" for namespace in RANKS for number in range(3)]


@given(st.lists(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True), max_size=12), st.randoms())
def test_resolve__claims_in_any_order__same_plan(carried: list[list[str]], random: object) -> None:
    """The plan depends on the claims and not on the order they come in."""
    claims = [claim(number, keys[0], *sorted(keys[1:])) for number, keys in enumerate(carried)]
    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert set(plan(claims)) == set(plan(shuffled))


@given(st.lists(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True), max_size=12))
def test_resolve__every_event__is_in_exactly_one_group(carried: list[list[str]]) -> None:
    """No event is lost or planned twice, and no group breaks the limit of accounts."""
    claims = [claim(number, keys[0], *sorted(keys[1:])) for number, keys in enumerate(carried)]
    groups = plan(claims)
    planned = [one.event_key for group in groups for one in group.claims]
    assert sorted(planned) == [one.event_key for one in claims]
    for group in groups:
        assert sum(key.startswith("user_id:") for key in group.repoint) <= 1

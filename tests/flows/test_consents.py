"""The ledger of consents: the last word by the time it was said, from whoever may say it, whatever happens to the profile."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.events.model import Event
from chalicelib.flows.contribute import EventContent
from chalicelib.flows.rebuild_profile import profile_as_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles import consents as consenting
from chalicelib.profiles.consents import Consent, consents_of
from tests.flows.test_erasure import erase
from tests.flows.world import NOW, TENANT_ID, World, consent, described, event

USER, OTHER = ("user_id", "u1"), ("user_id", "u2")
THEN = NOW - DAY_MS


def said(world: World, who: tuple[str, str] = USER) -> dict[str, bool]:
    return world.person(*who).said


def tell(world: World, *words: Event) -> None:
    for one in words:
        world.apply(one, source=world.sources[one.source])


def test_consent__given_and_taken_back__the_last_word_by_its_own_time_stands(world: World) -> None:
    """What counts is when it was said, and not when it came."""
    tell(world, consent(USER, granted=False, at=THEN + 5), consent(USER, granted=True, at=THEN))
    assert said(world) == {"marketing": False}
    tell(world, consent(USER, granted=True, at=THEN + 9, version="v2", proof="form-7", channel="phone"))
    found = consents_of(world.person(*USER).traits)["marketing"]
    assert found == Consent(True, THEN + 9, "s_crm", "phone", "v2", "form-7")


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(
        st.tuples(st.booleans(), st.sampled_from(["marketing", "profiling"]), st.integers(0, 2)), min_size=1, max_size=7
    ),
    chance=st.randoms(use_true_random=False),
)
def test_consent__any_order_and_repetition__is_what_the_words_say(
    words: Sequence[tuple[bool, str, int]], chance: random.Random
) -> None:
    """The last word per purpose by its time; at the same millisecond a no wins. Bytes are the same in any order."""
    events = [
        consent(USER, granted=granted, purpose=purpose, at=THEN + after, id=f"w{place}")
        for place, (granted, purpose, after) in enumerate(words)
    ]
    straight = World()
    tell(straight, *events)
    mixed = World(secrets=straight.secrets)
    tell(mixed, *chance.sample([*events, *events], k=2 * len(events)))
    assert mixed.bodies() == straight.bodies()
    expected = {
        purpose: min(
            ((-after, granted) for granted, of, after in words if of == purpose),
        )[1]
        for purpose in {of for _, of, _ in words}
    }
    assert said(straight) == expected


@pytest.mark.parametrize("mutant", [False, True])
def test_consent__yes_and_no_of_one_millisecond__no_wins(mutant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever told us, and whichever event key is greater. Negative control: without the rank the trusted yes wins."""
    if mutant:
        monkeypatch.setattr(consenting, "_WITHDRAWN_RANK", 0)
    outcomes = set()
    for number in range(6):
        world = World()
        no = consent(USER, granted=False, at=THEN, source="s_web", id=f"no-{number}")
        tell(world, no, consent(USER, granted=True, at=THEN, id=f"yes-{number}"))
        outcomes.add(said(world)["marketing"])
    assert outcomes == ({True} if mutant else {False})


def test_consent__granted_by_a_source_that_may_not__is_noted_and_opens_nothing(world: World) -> None:
    """Consent is a privilege (bad input 25): the event counts, the word does not, and the quarantine has a note."""
    tell(world, consent(USER, granted=True, source="s_web"))
    assert said(world) == {}
    assert world.codes() == {"consent_not_writable": ["data.purpose"]}
    assert world.person(*USER).series["marketing_consents"].count == 1
    assert not any(row.replayable for row in world.history.quarantine_rows.values())


def test_consent__withdrawn_by_any_source__is_believed(world: World) -> None:
    """A no is believed from everybody."""
    tell(world, consent(USER, granted=True), consent(USER, granted=False, at=NOW, source="s_web"))
    assert said(world) == {"marketing": False}
    assert world.codes() == {}


def test_consent__for_a_purpose_that_is_none__is_noted_and_kept_in_the_history(world: World) -> None:
    """Nothing is lost in silence: the event stands in the history, its original sealed, and a note says what was not heard."""
    tell(world, consent(USER, granted=True, purpose="raffles"), event("consent.withdrawn", USER, source="s_crm"))
    assert said(world) == {}
    assert world.codes() == {"unknown_purpose": ["data.purpose", "data.purpose"]}
    assert len(world.history.markers) == 2


@pytest.mark.parametrize("name", ["consent:marketing", "consent", "consents", "consents:marketing", "tag:vip"])
def test_consent__written_as_a_trait__is_refused(world: World, name: str) -> None:
    """No source makes a register by naming it, however trusted it is."""
    for source in ("s_web", "s_crm"):
        tell(world, described(USER, source=source, **{name: {"granted": True}}))
        tell(world, event("profile.described", USER, source=source, consent={"marketing": True}))
    assert said(world) == {}
    assert not any(":" in one for one in world.person(*USER).traits)
    assert world.codes() == {"trait_left_out": ["traits.*", "traits.*"]}


def test_consent__version_and_proof_that_read_like_a_person__stand_hidden(world: World) -> None:
    """They are ids. What is not one is sealed with the original and never stands in clear."""
    tell(world, consent(USER, granted=True, version="13907551234", proof="张三 said so on the phone"))
    found = consents_of(world.person(*USER).traits)["marketing"]
    assert (found.version, found.proof) == ("hidden", "hidden")
    contents = [decode(row.content, EventContent) for row in world.history.markers.values()]
    assert [one.view for one in contents] == [{"purpose": "marketing"}]
    assert b"13907551234" not in world.at_rest()


def test_consent__after_a_merge_and_its_split__stays_with_whom_it_was_said_of(world: World) -> None:
    """A merged person has both words, the later one first; a split gives each their own back, byte for byte."""
    tell(
        world,
        consent(USER, granted=True, at=THEN),
        consent(OTHER, granted=False, at=THEN + 1),
        consent(OTHER, granted=True, purpose="analytics", at=THEN),
    )
    before = world.bodies()
    merged = world.merge(world.person(*USER).profile_id, world.person(*OTHER).profile_id, force=True)
    assert said(world) == {"marketing": False, "analytics": True}
    world.split(merge_id=merged.merge_id)
    assert (said(world), said(world, OTHER)) == ({"marketing": True}, {"marketing": False, "analytics": True})
    assert world.bodies() == before


def test_consent__of_an_erased_person__is_gone_and_does_not_bind_the_new_one(world: World) -> None:
    """The words go with the person; who comes anew is asked anew."""
    tell(world, consent(USER, granted=False, at=THEN))
    erase(world, world.person(*USER).profile_id)
    with pytest.raises(AssertionError):
        world.person(*USER)
    world.now += HOUR_MS
    tell(world, event("page.viewed", USER, at=world.now))
    assert said(world) == {}


def test_consent__as_of_a_moment_before__was_not_said_yet(world: World) -> None:
    """The ledger of the past is the past's."""
    tell(world, consent(USER, granted=True, at=THEN))
    asked_at = world.now
    world.now += HOUR_MS
    tell(world, consent(USER, granted=False, at=world.now))
    then = profile_as_of(world.tenant(TENANT_ID), world.person(*USER).profile_id, asked_at, world.reading(), world.now)
    assert consents_of(then.traits)["marketing"].granted
    with pytest.raises(NotFound):
        profile_as_of(world.tenant(TENANT_ID), then.profile_id, asked_at - DAY_MS, world.reading(), world.now)


def test_consent__of_a_source__is_kept_longer_than_other_events(world: World) -> None:
    """Who must show that somebody agreed must be able to as long as anybody may ask."""
    tell(world, consent(USER, granted=True), event("page.viewed", USER))
    lasts = {row.expires_at - row.at for row in world.history.markers.values()}
    assert sorted(lasts) == [760 * DAY_MS, 3650 * DAY_MS]


def test_credential__that_loses_its_word__grants_nothing_from_then_on(world: World) -> None:
    """The allow-list is that of the moment when the event came through the door."""
    world.sources["s_crm"] = replace(world.crm, traits=("city",))
    tell(world, consent(USER, granted=True))
    assert said(world) == {}

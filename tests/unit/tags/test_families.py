"""Parents, exclusive groups, scenes, doubts and rules that read what nothing has."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS
from chalicelib.kernel.texts import Text
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Profile, Trait
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess, evaluate
from chalicelib.tags.health import Health, MeasureHealth, SourceHealth
from chalicelib.tags.model import TagRule
from chalicelib.tags.scenes import Situation, load_scenes
from chalicelib.tags.why import why
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import rule, signal

CONTACTED = {">=": [{"count": ["contacts", 30]}, 1]}
PAID = {">=": [{"count": ["orders_paid", 30]}, 1]}
TALKED = {">=": [{"count": ["contacts", 30]}, 9]}


def of(*rules: TagRule) -> Catalogue:
    return Catalogue(rules, load_measures(), scenes=load_scenes())


def who(contacts: int = 0, orders: int = 0, **pins: bool | None) -> Profile:
    events = [happened("conversation.opened", day) for day in range(1, contacts + 1)]
    events += [happened("order.paid", day, amount="10", order_id=str(day)) for day in range(1, orders + 1)]
    found = person(events or [happened("session.started", 1)], {})
    said = {f"tag:{name}": Trait(value, NOW - 1, 1_000, b"k", "person:lin") for name, value in pins.items()}
    return msgspec.structs.replace(found, traits={**found.traits, **said})


def ids(catalogue: Catalogue, profile: Profile, **asked: Any) -> set[str]:
    return {tag.id for tag in assess(catalogue, profile, NOW, **asked).tags}


CHILD = rule(id="child", parent="parent", signals=[signal("c", 1, CONTACTED)])
PARENT = rule(id="parent", parent="grand", signals=[signal("o", 1, PAID)])
GRAND = rule(id="grand", signals=[signal("o", 1, {">=": [{"count": ["orders_paid", 30]}, 5]})])
KIN = of(CHILD, PARENT, GRAND)


def test_parent__of_a_set_tag__is_set_with_no_less_confidence() -> None:
    """Who has a tag has its parent, and the parent's parent."""
    found = {tag.id: tag for tag in evaluate(KIN, who(contacts=1), NOW)}
    assert set(found) == {"child", "parent", "grand"}
    assert found["grand"].confidence >= found["child"].confidence
    assert {one.tag for one in why(KIN, who(contacts=1), "parent", NOW).implied_by} == {"child"}
    assert KIN.families.level("child") == 3


def test_parent__that_a_person_denied__is_not_implied_nor_what_is_above() -> None:
    """A person's word stops the hierarchy there."""
    assert ids(KIN, who(contacts=1, parent=False)) == {"child"}


def test_parent__asked_alone__is_judged_with_its_children() -> None:
    """Whoever asks for one tag gets the answer that whoever asks for all gets."""
    assert ids(KIN, who(contacts=1), among={"grand"}) == {"grand"}


def test_parent__that_loses_to_a_rival__takes_what_is_below_along() -> None:
    """Nobody has a tag without its parent: where a surer tag takes the parent's place, the child goes, and why says it."""
    child = rule(id="child", parent="weak", signals=[signal("a", 0.6, CONTACTED), signal("b", 0.4, TALKED)])
    weak = rule(id="weak", parent="top", exclusive="g", signals=[signal("o", 1, TALKED)])
    strong, top = (
        rule(id="strong", exclusive="g", signals=[signal("o", 1, PAID)]),
        rule(id="top", signals=[signal("o", 1, TALKED)]),
    )
    catalogue = of(child, weak, strong, top)
    assert ids(catalogue, who(contacts=1)) == {"child", "weak", "top"}
    assert ids(catalogue, who(contacts=1, orders=1)) == {"strong"}
    assert why(catalogue, who(contacts=1, orders=1), "child", NOW).lost_to == "strong"
    assert ids(catalogue, who(contacts=1, orders=1, child=True)) == {"child", "weak", "top"}


RIVALS = of(
    rule(id="weak", exclusive="g", signals=[signal("a", 0.6, CONTACTED), signal("b", 0.4, PAID)], threshold=0.5),
    rule(id="strong", exclusive="g", signals=[signal("a", 0.9, CONTACTED), signal("b", 0.1, PAID)], threshold=0.5),
)


def test_exclusive__of_two_that_match__the_surest_stays_and_why_names_it() -> None:
    """Of an exclusive group one tag stays: the one whose true signals weigh most."""
    assert ids(RIVALS, who(contacts=1)) == {"strong"}
    lost = why(RIVALS, who(contacts=1), "weak", NOW)
    assert (lost.set, lost.lost_to) == (False, "strong")
    assert "strong" not in lost.says.en or lost.says.en


def test_exclusive__where_a_person_set_the_weaker__that_one_stays() -> None:
    """A person's tag comes first."""
    assert ids(RIVALS, who(contacts=1, weak=True)) == {"weak"}


@given(st.integers(0, 2), st.integers(0, 6), st.sampled_from([None, True, False]), st.sampled_from([None, True, False]))
def test_only__with_families_and_pins__finds_every_change(
    contacts: int, orders: int, child: bool | None, weak: bool | None
) -> None:
    """What one more contact changes is found by looking at what it touched alone."""
    library = of(CHILD, PARENT, GRAND, *RIVALS.rules.values())
    before = who(contacts=contacts, orders=orders, child=child, weak=weak)
    after = who(contacts=contacts + 1, orders=orders, child=child, weak=weak)
    whole = changes(assess(library, before, NOW), assess(library, after, NOW))
    touched = {"m.contacts", "p", "ids"}
    part = changes(assess(library, before, NOW, only=touched), assess(library, after, NOW, only=touched))
    assert [[tag.id for tag in one] for one in (whole.set, whole.cleared)] == [
        [tag.id for tag in one] for one in (part.set, part.cleared)
    ]


NIGHTLY = of(
    rule(
        id="asks_late",
        signals=[signal("a", 0.5, CONTACTED), signal("b", 0.5, PAID)],
        threshold=0.6,
        scenes=[{"scene": "night", "weights": {"a": 0.8, "b": 0.2}}],
    )
)
SHANGHAI_NOON = NOW // DAY_MS * DAY_MS + 4 * 3_600_000


def test_scene__that_is_on__weighs_the_signals_its_own_way() -> None:
    """At night the same evidence reaches the threshold, and why says in which scene."""
    someone = who(contacts=1)
    assert ids(NIGHTLY, someone) == set()
    assert ids(NIGHTLY, someone, scenes=("night",)) == {"asks_late"}
    answer = why(NIGHTLY, someone, "asks_late", NOW, ("night",))
    assert (answer.set, answer.scene, [one.weight for one in answer.signals]) == (True, "night", [0.8, 0.2])


@pytest.mark.parametrize(("hours", "expected"), [(0, set()), (11, {"asks_late"})])
def test_scene__told_by_the_situation__goes_by_the_tenants_clock(hours: int, expected: set[str]) -> None:
    """23:00 in Shanghai is night there, whatever it is in UTC."""
    situation = Situation(SHANGHAI_NOON + hours * 3_600_000, "Asia/Shanghai", "web", "")
    assert ids(NIGHTLY, who(contacts=1), scenes=situation) == expected


def test_scene__at_one_instant__is_each_tenants_own() -> None:
    """What a clock showed in one time zone is not what it shows in another at the same instant."""
    someone, at = who(contacts=1), SHANGHAI_NOON + 11 * 3_600_000
    told = {zone: ids(NIGHTLY, someone, scenes=Situation(at, zone)) for zone in ("Asia/Shanghai", "UTC", "Asia/Tokyo")}
    assert told == {"Asia/Shanghai": {"asks_late"}, "UTC": set(), "Asia/Tokyo": {"asks_late"}}


@pytest.mark.parametrize("scene", load_scenes(), ids=lambda scene: scene.id)
def test_scene__as_shipped__is_on_in_its_example_and_off_in_the_other(scene: Any) -> None:
    """Each scene does what its own examples say."""
    from chalicelib.tags.condition_check import outcome

    assert outcome(scene.when, scene.examples.positive)
    assert not outcome(scene.when, scene.examples.negative)


def test_signal__that_asks_for_a_scene__is_true_in_it_alone() -> None:
    """A rule may need a scene to be on; events and timers judge in none."""
    library = of(rule(id="late", signals=[signal("a", 1, {"and": [{"scene": "night"}, CONTACTED]})]))
    assert ids(library, who(contacts=1)) == set()
    assert ids(library, who(contacts=1), scenes=("night",)) == {"late"}


SICK = Health(
    sources={"crm": SourceHealth("drifting", 0.5, NOW, Text("漂移", "drifts"))},
    measures={"contacts": MeasureHealth(0.5, None, Text("静默", "silent"))},
)


def test_health__of_a_doubted_source__lowers_its_evidence_visibly() -> None:
    """It sets what it set, because a doubt is no evidence of the contrary; its confidence falls, and why says so."""
    library = of(rule(id="x", signals=[signal("a", 0.5, CONTACTED), signal("b", 0.5, PAID)], threshold=0.5))
    someone = who(contacts=1)
    assert ids(library, someone) == {"x"}
    assert ids(library.under(SICK), someone) == {"x"}
    answer = why(library.under(SICK), someone, "x", NOW)
    assert [one.factor for one in answer.signals] == [0.5, 1.0]
    assert (answer.weights_sum, answer.trust) == (0.5, 0.5)
    assert answer.confidence == pytest.approx(0.25, abs=0.01)
    assert [(one.of, one.weight, one.says.en) for one in answer.doubts] == [("measure:contacts", 0.5, "silent")]
    assert ids(library.under(Health()), someone) == {"x"}


def test_health__of_a_silent_source__reads_as_of_when_it_fell_silent() -> None:
    """That nothing came lately from a source that is down says nothing of the person."""
    asks = {"and": [{"within": ["contacts", 365]}, {"==": [{"count": ["contacts", 30]}, 0]}]}
    library = of(rule(id="quiet", signals=[signal("a", 1, asks)]))
    someone = person([happened("conversation.opened", 35)], {})
    assert ids(library, someone) == {"quiet"}
    down = Health(measures={"contacts": MeasureHealth(1.0, NOW - 9 * DAY_MS)})
    assert ids(library.under(down), someone) == set()


def test_health__of_a_silent_source__does_not_make_the_last_days_last() -> None:
    """A need of this week is over next week, whether or not anything was heard."""
    library = of(rule(id="asks_now", signals=[signal("a", 1, {">=": [{"count": ["contacts", 7]}, 1]})]))
    someone = person([happened("conversation.opened", 10)], {})
    down = Health(measures={"contacts": MeasureHealth(1.0, NOW - 9 * DAY_MS)})
    assert ids(library.under(down), someone) == set()


def test_rule__that_reads_what_nothing_has__fails_and_is_not_taken_for_false() -> None:
    """An unknown variable never means false."""
    gone = rule(id="gone", signals=[signal("a", 1, {">=": [{"count": ["withdrawn", 30]}, 1]})])
    found = assess(of(gone, CHILD), who(contacts=1), NOW)
    assert [(one.tag_id, one.error) for one in found.failed] == [("gone", "UnknownPath")]
    assert [tag.id for tag in found.tags] == ["child"]
    answer = why(of(gone), who(contacts=1), "gone", NOW)
    assert (answer.set, answer.signals[0].true, answer.signals[0].error) == (False, None, "UnknownPath")


def test_rule__that_is_switched_off__sets_nothing_and_why_says_so() -> None:
    """A rule that ran over its budget is out until it is published anew."""
    library = Catalogue([CHILD], load_measures(), switched_off={"child"})
    assert ids(library, who(contacts=1)) == set()
    answer = why(library, who(contacts=1), "child", NOW)
    assert answer.switched_off
    assert "switched off" in answer.says.en

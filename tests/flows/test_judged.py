"""What models say of people, as every save makes it anew: segments entered and left, and nothing of who is not profiled."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from chalicelib.flows import judge
from chalicelib.flows.judge import judgement
from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.flows.models_in_force import ModelsInForce
from chalicelib.flows.pin_tag import PinOrder, pin_tag
from chalicelib.flows.record_consent import ConsentOrder, record_consent
from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.moments import DAY_MS
from chalicelib.segments.features import FEATURES_VERSION, place_of
from chalicelib.segments.model import Column, Judged, ScoreValue, SegmentModel
from chalicelib.store.learned import LearnedHead, LearnedVersion, MemoryLearned
from chalicelib.store.rows import ProfileRow
from tests.flows.test_erasure import erase
from tests.flows.test_outreach import told_themselves
from tests.flows.test_profiling import SILENCES, Silence
from tests.flows.world import NOW, TENANT_ID, World, consent, paid

USER, OTHER = ("user_id", "u1"), ("phone", "13587654329")
ORDERS = Column("orders_365d", place_of("orders_365d"), 0.0, 0.0, 100.0, False, 0.0, 1.0)
BY_ORDERS = SegmentModel(
    "customers", 7, FEATURES_VERSION, "kmeans", NOW, 100, (ORDERS,), ((1.0,), (4.0,)), ("ordinary", "value")
)
LEARNED = Models(1, {"customers": BY_ORDERS}, {})


@pytest.fixture
def world() -> World:
    world = World()
    world.models = LEARNED
    return world


def row_of(world: World, who: tuple[str, str] = USER) -> ProfileRow:
    return world.profiles.rows[TENANT_ID, world.person(*who).profile_id]


def found(world: World, who: tuple[str, str] = USER) -> Judged:
    judged = judgement(row_of(world, who).judged)
    assert judged is not None
    return judged


def told(world: World, kind: str, segmentation: str = "customers") -> list[Mapping[str, object]]:
    return [
        one.detail for one in world.published if one.type == kind and one.detail.get("segmentation") == segmentation
    ]


def test_save__with_a_model__says_which_segment_was_entered(world: World) -> None:
    """The first save enters; the row says it, for the index too; and the bus is told once."""
    world.apply(paid("o1", "10.00", USER))
    assert found(world).segments["customers"].segment == "ordinary" and row_of(world).segment == "customers.ordinary"
    entered = told(world, "segment.entered")
    assert [(one["segment"], one["model_version"], one["version"]) for one in entered] == [("ordinary", 7, 1)]
    assert "service" in entered[0]["purposes"] and not told(world, "segment.left")  # type: ignore[operator]


def test_save__in_the_same_segment__keeps_since_and_tells_nothing(world: World) -> None:
    """Since when somebody is in a segment is not since when it was looked at last."""
    world.apply(paid("o1", "10.00", USER))
    world.now += DAY_MS
    world.apply(paid("o2", "10.00", USER))
    assert (found(world).segments["customers"].since, found(world).at) == (NOW, NOW + DAY_MS)
    assert len(told(world, "segment.entered")) == 1


def test_save__over_the_border__leaves_one_and_enters_the_other(world: World) -> None:
    """Each event updates the segment at once."""
    for number in range(4):
        world.now += 1
        world.apply(paid(f"o{number}", "10.00", USER))
    assert row_of(world).segment == "customers.value" and found(world).segments["customers"].since == NOW + 3
    assert [one["segment"] for one in told(world, "segment.left")] == ["ordinary"]
    assert [one["segment"] for one in told(world, "segment.entered")] == ["ordinary", "value"]


def test_save__just_past_the_middle__stays_until_the_way_that_is_declared(world: World) -> None:
    """Three orders are nearer to the middle of 4.6 than to that of 1, by less than a tenth of the way: nobody is told.

    Control: of who was in no segment, the same three orders say the nearest.
    """
    wider = replace(BY_ORDERS, centroids=((1.0,), (4.6,)))
    world.models = replace(LEARNED, segments={"customers": wider})
    for number in range(3):
        world.apply(paid(f"o{number}", "10.00", USER))
    world.apply(*(paid(f"p{number}", "10.00", OTHER) for number in range(3)))
    assert row_of(world).segment == "customers.ordinary" and row_of(world, OTHER).segment == "customers.value"
    assert [one["segment"] for one in told(world, "segment.entered")] == ["ordinary", "value"]
    world.apply(paid("o3", "10.00", USER))
    assert row_of(world).segment == "customers.value" and len(told(world, "segment.left")) == 1


@pytest.mark.parametrize("silence", SILENCES, ids=lambda one: one.__name__)
def test_save__of_who_is_not_profiled_any_more__empties_it(world: World, silence: Silence) -> None:
    """Opt-out, restriction and children: nothing is judged, what was is gone, and the bus hears that it is."""
    world.apply(paid("o1", "10.00", USER))
    silence(world, USER)
    assert (row_of(world).judged, row_of(world).segment) == (b"", "")
    assert [one["segment"] for one in told(world, "segment.left")] == ["ordinary"]
    world.apply(paid("o2", "10.00", USER))
    assert row_of(world).judged == b"" and len(told(world, "segment.entered")) == 1


def words(world: World) -> list[tuple[str, object, object]]:
    """What the bus hears of the learned segment of customers: kind, segment, purposes."""
    return [
        (one.type, one.detail["segment"], one.detail["purposes"])
        for one in world.published
        if one.type in ("segment.entered", "segment.left") and one.detail.get("segmentation") == "customers"
    ]


def test_person__who_is_judged__sees_it_in_both_languages_on_the_page_and_in_the_export(world: World) -> None:
    """Segments, and every score, those for advertising too: what is held of them, and not what may serve."""
    world.apply(paid("o1", "10.00", USER))
    row = row_of(world)
    scores = {"churn": ScoreValue(0.7, 0.5, 1), "complaint": ScoreValue(0.2, 0.4, 1)}
    judged = encode(replace(found(world), scores=scores))
    world.profiles.rows[TENANT_ID, row.profile_id] = replace(row, judged=judged)
    exported, me = told_themselves(world, USER)
    assert "customers.ordinary" in {one.id for one in me.segments} & {one.id for one in exported.segments}
    assert {one.score: (one.value, one.confidence) for one in me.scores} == {
        "churn": (0.7, 0.5),
        "complaint": (0.2, 0.4),
    }
    assert exported.scores.keys() == scores.keys()
    assert all(one.name.zh and one.name.en != one.score for one in me.scores)


def test_consent__changed_while_in_a_segment__enters_and_leaves_it_for_that_purpose_alone(world: World) -> None:
    """As a tag is set and cleared: who markets hears of a yes and of a no, and who serves hears nothing of either."""
    world.apply(paid("o1", "10.00", USER))
    assert words(world) == [("segment.entered", "ordinary", ["service", "analytics"])]
    world.published.clear()
    world.apply(consent(USER, granted=True, at=NOW - 9), source=world.crm)
    assert words(world) == [("segment.entered", "ordinary", ["marketing"])]
    assert found(world).segments["customers"].since == NOW
    world.published.clear()
    world.apply(consent(USER, granted=False, at=NOW - 5))
    assert words(world) == [("segment.left", "ordinary", ["marketing"])]
    world.published.clear()
    world.apply(paid("o2", "10.00", USER))
    assert words(world) == []


def test_consent__told_to_staff_while_in_a_segment__is_told_and_told_again(world: World) -> None:
    """A word to staff does as an event does, and its repeat publishes what a crash ate."""
    world.apply(paid("o1", "10.00", USER))
    for number, (granted, kind) in enumerate([(True, "segment.entered"), (False, "segment.left")]):
        order = ConsentOrder(f"{number:032x}", world.person(*USER).profile_id, ("marketing",), granted, "asked", "t_a")
        for _ in range(2):
            world.published.clear()
            record_consent(order, world.tenant(TENANT_ID), world.identity(), world.now + number)
            assert words(world) == [(kind, "ordinary", ["marketing"])]


def test_segment__left_for_another__is_told_to_those_who_heard_that_it_was_entered(world: World) -> None:
    """Who markets never heard of somebody who never agreed to it, and does not learn where they were when they leave."""
    for number in range(4):
        world.apply(paid(f"o{number}", "10.00", USER))
    assert words(world) == [
        ("segment.entered", "ordinary", ["service", "analytics"]),
        ("segment.left", "ordinary", ["service", "analytics"]),
        ("segment.entered", "value", ["service", "analytics"]),
    ]


def test_save__that_is_told_again__tells_the_same(world: World) -> None:
    """What a crash ate is published from the event's row."""
    world.bus_down = True
    world.apply(paid("o1", "10.00", USER))
    world.bus_down = False
    world.ingest()
    assert [one["segment"] for one in told(world, "segment.entered")] == ["ordinary"]


def test_merge__of_two__judges_who_stays_and_leaves_nothing_with_who_goes(world: World) -> None:
    """The survivor has the orders of both; the redirect stands in no index."""
    for number in range(2):
        world.apply(paid(f"a{number}", "10.00", USER), paid(f"b{number}", "10.00", OTHER))
    ids = {world.person(*one).profile_id for one in (USER, OTHER)}
    merged = world.merge(*sorted(ids))
    (gone,) = ids - {merged.profile_id}
    assert row_of(world).segment == "customers.value"
    lost = world.profiles.rows[TENANT_ID, gone]
    assert (lost.state, lost.judged, lost.segment) == ("merged", b"", "")
    world.split(merge_id=merged.merge_id)
    assert {row_of(world, one).segment for one in (USER, OTHER)} == {"customers.ordinary"}


def test_pin__of_somebody__keeps_what_models_say(world: World) -> None:
    """A person's word about a tag is a save like any other."""
    world.apply(paid("o1", "10.00", USER))
    profile_id = world.person(*USER).profile_id
    pin_tag(
        PinOrder("ab" * 16, profile_id, "vip", True, "known", "t_admin"),
        world.tenant(TENANT_ID),
        world.identity(),
        world.now,
    )
    assert row_of(world).segment == "customers.ordinary" and len(told(world, "segment.entered")) == 1


def test_erasure__of_somebody__leaves_nothing(world: World) -> None:
    """A tombstone says of nobody in which segment they were."""
    world.apply(paid("o1", "10.00", USER))
    profile_id = world.person(*USER).profile_id
    erase(world, profile_id)
    row = world.profiles.rows[TENANT_ID, profile_id]
    assert (row.state, row.judged, row.segment) == ("erased", b"", "")


def test_save__without_models__costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tenants have no model: no feature is read of anybody, and the row is as it always was."""
    monkeypatch.setattr(judge, "raw_vector", None)
    world = World()
    world.apply(paid("o1", "10.00", USER))
    assert (row_of(world).judged, row_of(world).segment) == (b"", "")


def test_save__once_no_model_is_in_force_any_more__empties_it(world: World) -> None:
    """What no model says stands nowhere."""
    world.apply(paid("o1", "10.00", USER))
    world.models = NO_MODELS
    world.apply(paid("o2", "10.00", USER))
    assert row_of(world).judged == b"" and len(told(world, "segment.left")) == 1


class Asked(MemoryLearned):
    """Counts what it is asked for, and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.heads_asked = self.models_asked = 0
        self.is_down = False

    def head(self, tenant: str) -> LearnedHead:
        if self.is_down:
            raise Unavailable("throttled", "down")
        self.heads_asked += 1
        return super().head(tenant)

    def load(self, tenant: str, id_: str, number: int) -> LearnedVersion | None:
        self.models_asked += 1
        return super().load(tenant, id_, number)

    def publish(self, tenant: str, head: LearnedHead) -> bool:
        self.heads[tenant] = head
        return True

    def put(self, number: int, features_version: int = FEATURES_VERSION) -> None:
        model = replace(BY_ORDERS, version=number, features_version=features_version)
        version = LearnedVersion(
            "segment", "customers", number, "trained", features_version, "r", NOW, "", encode(model), b"{}"
        )
        self.keep(TENANT_ID, version)
        self.publish(TENANT_ID, super().head(TENANT_ID).with_published(version, NOW, "job"))


def test_in_force__asked_often__asks_once_a_minute() -> None:
    """A container asks for the head once a minute and tenant, and for a model when its version is new here."""
    store, clock = Asked(), [0.0]
    in_force = ModelsInForce(lambda: store, lambda: clock[0])
    assert not any(in_force(TENANT_ID) for _ in range(5)) and (store.heads_asked, store.models_asked) == (1, 0)
    store.put(1)
    clock[0] = 59.0
    assert not in_force(TENANT_ID)
    for clock[0] in (61.0, 100.0, 130.0):
        assert in_force(TENANT_ID).segments["customers"].version == 1
    assert (store.heads_asked, store.models_asked) == (3, 1)
    store.put(2)
    assert in_force.fresh(TENANT_ID).segments["customers"].version == 2


def test_in_force__of_other_features__is_not() -> None:
    """A model that was learned of other numbers would read these for those."""
    store = Asked()
    store.put(1, FEATURES_VERSION + 1)
    assert not ModelsInForce(lambda: store, lambda: 0.0)(TENANT_ID)


def test_in_force__while_the_store_is_down__goes_on() -> None:
    """What was in force stays; who never knew it says so, and the event comes again."""
    store, clock = Asked(), [0.0]
    store.put(1)
    in_force = ModelsInForce(lambda: store, lambda: clock[0])
    in_force(TENANT_ID)
    store.is_down = True
    clock[0] = 61.0
    assert in_force(TENANT_ID)
    with pytest.raises(Unavailable):
        in_force("t_other")
    store.is_down = False
    asked = store.heads_asked
    clock[0] = 67.0
    assert in_force(TENANT_ID) and store.heads_asked == asked + 1

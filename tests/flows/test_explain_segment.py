"""Why somebody is in a segment, or in none: what is kept, told by what is in force, of what the purpose may use."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.flows import explain_segment as module
from chalicelib.flows.explain_segment import explain_segment
from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.flows.why_segment_views import SegmentWhyView
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.errors import Forbidden, NotFound
from chalicelib.kernel.moments import DAY_MS, format_moment
from chalicelib.privacy.asked import Asked
from chalicelib.profiles.model import Profile
from chalicelib.segments.features import features, raw_vector
from chalicelib.segments.model import Judged, Membership
from chalicelib.segments.segmentation import Segmentation, shipped_segmentations
from tests.flows.test_for_purpose import saying
from tests.flows.test_judged import BY_ORDERS, LEARNED, OTHER, USER
from tests.flows.test_profiling import SILENCES, Silence
from tests.flows.world import NOW, World, paid

WIDER = replace(BY_ORDERS, version=8, centroids=((1.0,), (9.0,)))
"""The next version: four orders are nearer to the middle of 1 here."""


@pytest.fixture
def world() -> World:
    world = World()
    world.models = LEARNED
    return world


def buyer(world: World, orders: int = 4) -> Profile:
    for number in range(orders):
        world.apply(paid(f"o{number}", "10.00", USER))
    return world.person(*USER)


def asked(
    world: World,
    person: Profile,
    segmentation: str = "customers",
    purpose: str = "service",
    models: Models = LEARNED,
    declared: Segmentation | None = None,
) -> SegmentWhyView:
    services = replace(world.reading(), models=lambda: models)
    if declared is not None:
        known = {**shipped_segmentations(), declared.id: declared}
        purposes = {one.id: one.purposes for one in known.values()}
        services = replace(services, segmentations=lambda: known, segment_purposes=lambda: purposes)
    return explain_segment(person, segmentation, Asked(purpose), services, world.now)


def test_why__of_who_is_judged__tells_the_kept_segment_and_what_pulls_there(world: World) -> None:
    """Segment, since when, by which version; each feature with the value here, typical here and in the next best."""
    person = buyer(world)
    world.now += DAY_MS
    view = asked(world, person)
    assert view.segment is not None and view.none is None and view.profile_id == person.profile_id
    assert (view.segment.id, view.segment.name.zh, view.segment.since, view.segment.model_version) == (
        "customers.value",
        "价值型",
        format_moment(NOW),
        "7",
    )
    assert (view.told_by, view.told_segment, view.against) == ("7", view.told_segment, view.against)
    assert view.told_segment is not None and view.against is not None
    assert (view.told_segment.id, view.against.id) == ("customers.value", "customers.ordinary")
    (pull,) = view.pulls
    assert (pull.feature, pull.value, pull.typical, pull.typical_there, pull.share) == ("orders_365d", 4, 4, 1, 1)
    assert pull.says.en == "paid orders in a year: 4, nearer to Value (typically 4) than to Ordinary (1)"
    assert pull.says.zh == "近一年订单数为4，更接近“价值型”（通常4）而非“普通”（通常1）"
    # The middle is 2.5; a tenth of the way more, and that is 2.2: two orders.
    (move,) = view.moves
    assert (move.segment.id, move.feature, move.value, move.to) == ("customers.ordinary", "orders_365d", 4, 2)
    assert view.says == (pull.says, move.says) and (view.beyond, view.conditions, view.masked) == (0, (), ())
    assert (view.judged_at, view.as_of) == (format_moment(NOW), format_moment(world.now))


def test_why__of_who_stays_by_hysteresis__says_how_far_past_the_middle(world: World) -> None:
    """The kept segment is handed on: without it, the next best would be told for theirs (control: nobody kept)."""
    near = replace(LEARNED, segments={"customers": replace(BY_ORDERS, centroids=((1.0,), (4.6,)))})
    world.models = near
    person = buyer(world, 3)
    view = asked(world, person, models=near)
    assert view.told_segment is not None and view.segment is not None and view.against is not None
    assert (view.segment.id, view.told_segment.id, view.against.id) == ("customers.ordinary",) * 2 + (
        "customers.value",
    )
    assert (
        0 < view.beyond < 0.1 and view.confidence == 0 and view.says[0].en.startswith("past the middle towards Value")
    )
    judged = replace(decode(person.judged, Judged), segments={"customers": Membership("value", NOW, 7)})
    moved = asked(world, replace(person, judged=encode(judged)), models=near)
    assert moved.beyond == 0 and moved.told_segment is not None and moved.told_segment.id == "customers.value"


def test_why__by_rule__tells_the_conditions_that_hold(world: World) -> None:
    """Each with the value, the bound and both languages; nothing pulls, and nothing would move."""
    view = asked(world, buyer(world, 1), "stages")
    assert (view.by, view.told_by, view.confidence, view.against) == ("rule", "1", 1.0, None)
    (held,) = view.conditions
    assert (held.feature, held.value, held.op, held.bound, held.times) == ("tenure_days", 1, "<", 30, None)
    assert held.says.zh == "相识天数为1，小于30" and view.says == (held.says,)
    assert (view.pulls, view.moves) == ((), ()) and view.segment is not None and view.segment.id == "stages.newcomer"


def test_why__of_a_version_that_is_no_more_in_force__is_told_by_the_one_that_is(world: World) -> None:
    """Both versions stand there, and that the one in force puts them elsewhere; who is kept is not changed by it."""
    view = asked(world, buyer(world), models=replace(LEARNED, segments={"customers": WIDER}))
    assert view.segment is not None and view.told_segment is not None
    assert (view.segment.id, view.segment.model_version) == ("customers.value", "7")
    assert (view.told_by, view.told_segment.id) == ("8", "customers.ordinary")
    assert view.says[0].en == "version 7 put them there; the reasons are those of version 8, in force now"
    assert "Ordinary" in view.says[1].en and "普通" in view.says[1].zh
    same = asked(
        world, world.person(*USER), models=replace(LEARNED, segments={"customers": replace(BY_ORDERS, version=8)})
    )
    assert same.says[0] == view.says[0] and same.says[1:] == tuple(one.says for one in (*same.pulls, *same.moves))


def test_why__where_no_model_is_in_force__shows_what_is_kept_and_that_nothing_can_tell(world: World) -> None:
    """What was kept before a roll back stands until everybody is judged; it is explained by nothing."""
    view = asked(world, buyer(world), models=NO_MODELS)
    assert view.segment is not None and view.segment.id == "customers.value"
    assert (view.told_by, view.told_segment, view.confidence, view.pulls) == (None, None, None, ())
    assert "cannot tell" in view.says[0].en and "无法说明" in view.says[0].zh


@pytest.mark.parametrize(
    ("segmentation", "models", "code"),
    [
        ("customers", NO_MODELS, "no_model"),
        ("stages", NO_MODELS, "no_model"),
        ("shoppers", LEARNED, "no_model"),
        ("shoppers", replace(LEARNED, segments={"shoppers": replace(BY_ORDERS, id="shoppers")}), "not_for_them"),
        ("customers", LEARNED, "not_judged"),
        ("stages", LEARNED, "not_judged"),
    ],
)
def test_why__of_who_is_in_none__says_why(world: World, segmentation: str, models: Models, code: str) -> None:
    """No model, none of their concern (who bought once is no shopper), or not judged yet."""
    world.models = NO_MODELS
    view = asked(world, buyer(world, 1), segmentation, models=models)
    assert view.none is not None and (view.none.code, view.segment, view.told_by) == (code, None, None)
    assert view.says == (view.none.says,) and view.none.says.zh and (view.pulls, view.moves) == ((), ())


@pytest.mark.parametrize("silence", SILENCES, ids=lambda one: one.__name__)
def test_why__of_who_is_not_profiled__has_no_segment_and_no_value(world: World, silence: Silence) -> None:
    """Opt-out, restriction and children; a judgement that stands there still, by a fault, is not told either."""
    judged = buyer(world).judged
    assert judged
    silence(world, USER)
    for person in (world.person(*USER), replace(world.person(*USER), judged=judged)):
        view = asked(world, person)
        assert view.none is not None and view.none.code == "not_profiled"
        assert (view.segment, view.pulls, view.moves, view.conditions, view.masked) == (None, (), (), (), ())
    assert asked(world, world.person(*USER), purpose="legal").none is not None


def test_why__for_a_purpose_that_the_segmentation_does_not_serve__is_refused(world: World) -> None:
    """Whoever the person is; the law is answered. Unknown ones there are not, whatever stands beside the person."""
    person = buyer(world)
    for one in (person, replace(person, judged=b"")):
        with pytest.raises(Forbidden, match="does not serve"):
            asked(world, one, purpose="security")
        with pytest.raises(NotFound, match="no such segmentation"):
            asked(world, one, "nobody")
    assert asked(world, person, purpose="legal").segment is not None


def test_why__for_marketing__needs_the_persons_yes(world: World) -> None:
    """It is asked first: without an answer nobody is told of, with a yes they are, with a no they are not."""
    person = buyer(world)
    told = {
        name: asked(world, saying(person, said), purpose="marketing").segment is not None
        for name, said in {"nothing": {}, "yes": {"marketing": True}, "no": {"marketing": False}}.items()
    }
    assert told == {"nothing": False, "yes": True, "no": False}


PRICES = replace(
    shipped_segmentations()["customers"],
    purposes=("service", "marketing"),
    features=("orders_365d", "contact_topics_price"),
)
"""Declared for marketing by somebody who did not look: questions about prices are no matter of it."""


def price_asker(world: World, number: float) -> tuple[Profile, Models]:
    """Somebody with four orders, and a model that reads how often they asked for a price."""
    from tests.unit.segments.models import column

    by_both = replace(
        BY_ORDERS,
        columns=(BY_ORDERS.columns[0], replace(column("contact_topics_price"), is_log=False)),
        centroids=((1.0, 0.0), (4.0, number)),
    )
    return saying(buyer(world), {"marketing": True}), replace(LEARNED, segments={"customers": by_both})


def asking(person: Profile, times: int) -> Profile:
    """The same, having asked so often."""
    asked_ = replace(person.series["orders_paid"], count=times)
    days = tuple(replace(day, count=times) for day in asked_.days)
    return replace(person, series={**person.series, "ask_price": replace(asked_, days=days)})


def test_why__of_a_feature_that_the_purpose_may_not_use__does_not_have_it(world: World) -> None:
    """Neither its value, nor a reason, nor a share or move that differs between two who differ in it alone."""
    person, models = price_asker(world, 6.0)
    few, many = (asking(person, times) for times in (1, 6))
    for_service = [asked(world, one, models=models, declared=PRICES) for one in (few, many)]
    assert for_service[0].pulls != for_service[1].pulls, "it is read, or this says nothing"
    assert "contact_topics_price" in {one.feature for one in for_service[1].pulls} and not for_service[0].masked
    views = [asked(world, one, purpose="marketing", models=models, declared=PRICES) for one in (few, many)]
    assert views[0] == views[1]
    assert [(one.path, one.reason) for one in views[0].masked] == [("features.contact_topics_price", "purpose")]
    assert "contact_topics_price" not in {one.feature for one in (*views[0].pulls, *views[0].moves)}
    assert not any("prices" in one.en or "询价" in one.zh for one in views[0].says)


def test_why__were_nothing_withheld__would_tell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: made of all that is known, the answers of those two would differ."""
    person, models = price_asker(world, 6.0)
    monkeypatch.setattr(module, "_withheld", lambda *_: {})
    monkeypatch.setattr(module, "raw_vector", lambda _profile, at, measures: raw_vector(whole[-1], at, measures))
    whole, views = [], []
    for times in (1, 6):
        whole.append(asking(person, times))
        views.append(asked(world, whole[-1], purpose="marketing", models=models, declared=PRICES))
    assert views[0] != views[1]


def test_why__of_features_all__names_those_that_stand_in_the_answer(world: World) -> None:
    """Ids and names are those of the declared list."""
    names = {one.id: one.names for one in features()}
    view = asked(world, buyer(world))
    assert all(names[one.feature] == one.name for one in (*view.pulls, *view.moves))
    world.apply(paid("p1", "10.00", OTHER))
    assert asked(world, world.person(*OTHER)).profile_id != view.profile_id

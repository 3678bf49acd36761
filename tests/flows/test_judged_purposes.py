"""What models say serves the purposes that each segmentation and score is declared for, and no other."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.flows import describe_judged
from chalicelib.flows.judge import moves
from chalicelib.flows.views import ProfileView
from chalicelib.kernel.codec import encode
from chalicelib.outreach.check import RiskVocabulary, plan_mistakes
from chalicelib.outreach.model import Plan
from chalicelib.outreach.rules import shipped_rules
from chalicelib.privacy.permission import PURPOSES
from chalicelib.profiles.model import Profile
from chalicelib.segments.model import Judged, Membership, ScoreValue
from chalicelib.segments.purposes import leaves_out, may_serve, purposes_of
from chalicelib.segments.score_specs import score_specs
from chalicelib.segments.segmentation import Segmentations, load_segmentations, shipped_segmentations
from tests.flows.test_for_purpose import EVENTS, ONE, SAID, THEN, saying, seen_for, services
from tests.flows.world import TENANT_ID
from tests.unit.tags.persons import person

SEGMENTS = {one.id: one.purposes for one in load_segmentations()}
SCORES = {id_: one.purposes for id_, one in score_specs().items()}
WITHDRAWN = "withdrawn"
"""A score and a segmentation that stand beside a person still, and are declared no more."""
JUDGED = Judged(
    THEN - 1,
    {
        **{one.id: Membership(one.kinds[0].id, THEN - 1, 1) for one in load_segmentations()},
        WITHDRAWN: Membership("value", THEN - 1, 1),
    },
    {id_: ScoreValue(0.9, 0.8, 1) for id_ in (*SCORES, WITHDRAWN)},
)


def somebody(said: str = "yes", state: str = "active") -> Profile:
    return replace(saying(person(EVENTS, ONE), SAID[said], state), judged=encode(JUDGED))


def shown(view: ProfileView) -> tuple[set[str], set[str]]:
    learned = {one.id.partition(".")[0] for one in view.segments if one.model_version is not None}
    return learned, set(view.scores)


def test_purposes__as_they_are_read__are_those_of_the_declarations() -> None:
    """Who shows a profile reads a part of the same files that who learns reads whole; none is left without a purpose."""
    assert (purposes_of("segments"), purposes_of("scores")) == (SEGMENTS, SCORES)
    assert all(SEGMENTS.values()) and all(SCORES.values())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_view__for_a_purpose__has_what_is_declared_for_it(purpose: str) -> None:
    """Each score and segmentation by its own purposes; the law sees all that is held, also what was withdrawn."""
    segments, scores = shown(seen_for(somebody(), purpose))
    if purpose == "legal":
        assert (segments, scores) == ({*SEGMENTS, WITHDRAWN}, {*SCORES, WITHDRAWN})
        return
    assert segments == {id_ for id_, declared in SEGMENTS.items() if purpose in declared}
    assert scores == {id_ for id_, declared in SCORES.items() if purpose in declared}


def test_complaint__declared_for_service__is_not_for_marketing() -> None:
    """The risk of a complaint is for who serves, that of leaving for who markets, too; what is kept back is named."""
    service, marketing = (seen_for(somebody(), purpose) for purpose in ("service", "marketing"))
    assert {"churn", "complaint"} <= set(service.scores)
    assert "churn" in marketing.scores and "complaint" not in marketing.scores
    assert ("scores", "purpose") in {(one.path, one.reason) for one in marketing.masked}
    assert "scores" not in {one.path for one in service.masked}


def test_view__were_all_to_serve_every_purpose__would_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: one list for all, as it once was, shows the risk of a complaint to who markets."""
    monkeypatch.setattr(describe_judged, "may_serve", lambda *_: True)
    assert "complaint" in seen_for(somebody(), "marketing").scores


@pytest.mark.parametrize(
    ("said", "state", "purpose"),
    [
        ("nothing", "active", "marketing"),
        ("no", "active", "analytics"),
        ("no profiling", "active", "marketing"),
        ("no profiling", "active", "service"),
        ("yes", "restricted", "service"),
    ],
)
def test_view__where_the_person_has_not_opened_the_purpose__has_none(said: str, state: str, purpose: str) -> None:
    """To be declared for a purpose is not enough; the same person who agreed is shown."""
    assert shown(seen_for(somebody(said, state), purpose)) == (set(), set())
    assert any(shown(seen_for(somebody(), purpose)))


@pytest.mark.parametrize("purpose", PURPOSES)
def test_masked__whoever_the_person_is__says_the_same_of_scores(purpose: str) -> None:
    """That scores are kept back is no sign that there are any."""
    judged = somebody()
    for one in (seen_for(judged, purpose), seen_for(replace(judged, judged=b""), purpose)):
        told = {one.path for one in one.masked if one.reason == "purpose"}
        assert {sort for sort in ("scores", "segments") if sort in told} == {
            sort
            for sort, declared in (("scores", SCORES), ("segments", SEGMENTS))
            if purpose != "legal" and not all(purpose in of for of in declared.values())
        }


def told(
    profile: Profile,
    before: Judged | None,
    after: Judged | None,
    past: Profile | None = None,
    declared: Segmentations | None = None,
) -> dict[tuple[str, str], list[str]]:
    catalogue = services().catalogue
    about = {"tenant": TENANT_ID, "profile_id": "p_1", "version": 2}
    found = moves(before, after, profile, catalogue, about, THEN, declared or shipped_segmentations(), past)
    return {(one.type, str(one.detail["segmentation"])): list(one.detail["purposes"]) for one in found}


def test_bus__of_who_entered__names_the_own_purposes_that_are_open() -> None:
    """Of two segmentations with other purposes each names its own; where none is open, nobody is told."""
    own = {"customers": ("service", "marketing"), "shoppers": ("marketing",), "stages": ("service", "analytics")}
    declared = {one.id: replace(one, purposes=own[one.id]) for one in load_segmentations()}
    after = replace(JUDGED, segments={id_: JUDGED.segments[id_] for id_ in own})
    entered = {(kind, id_): list(own[id_]) for kind, id_ in (("segment.entered", id_) for id_ in own)}
    assert told(somebody(), None, after, declared=declared) == entered
    assert told(somebody("nothing"), None, after, declared=declared) == {
        ("segment.entered", "customers"): ["service"],
        ("segment.entered", "stages"): ["service", "analytics"],
    }


def test_bus__of_who_left__names_the_purposes_that_were_open() -> None:
    """Whoever was told that somebody entered is told that they left, though the purpose is closed by now."""
    left = told(somebody("no profiling"), JUDGED, None, somebody())
    assert left == {("segment.left", id_): list(declared) for id_, declared in SEGMENTS.items()}
    never = told(somebody("no profiling"), JUDGED, None, somebody("nothing"))
    assert never and not any("marketing" in purposes for purposes in never.values())


def test_what_is_declared_no_more__serves_no_purpose_but_the_law() -> None:
    """A score that was withdrawn stands beside people until they are judged anew, and is shown to nobody."""
    assert [one for one in PURPOSES if may_serve(purposes_of("scores"), WITHDRAWN, one)] == ["legal"]
    assert not leaves_out(SCORES, "legal") and leaves_out(SCORES, "security")


@pytest.mark.parametrize(
    ("score", "purpose", "codes"),
    [
        ("complaint", "service", []),
        ("complaint", "marketing", ["wider_purposes"]),
        ("churn", "marketing", []),
        ("contact_change", "marketing", ["wider_purposes"]),
    ],
)
def test_plan__of_a_risk_that_reads_a_score__is_for_its_purposes(score: str, purpose: str, codes: list[str]) -> None:
    """A risk is raised for a purpose that what it reads may be used for."""
    (shipped,) = (one for one in shipped_rules() if one.id == "churn")
    when = {">=": [{"var": f"score.{score}"}, 0.5]}
    risk = replace(shipped, id="own", purpose=purpose, signs=(replace(shipped.signs[0], when=when),), high=None)
    plan = msgspec.to_builtins(Plan(rules=(risk,)))
    assert [
        one.code for one in plan_mistakes(plan, RiskVocabulary(services().catalogue.measures.measures, {}, SEGMENTS))
    ] == codes

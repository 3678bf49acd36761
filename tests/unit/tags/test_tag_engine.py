"""Which tags are set, how surely, since when and until when."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.kernel.moments import DAY_MS, Millis
from chalicelib.profiles.model import Profile
from chalicelib.profiles.values import present, stem
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.confidence import decay, half_life_ms, lasts_ms, reaches, told
from chalicelib.tags.engine import RuleFailed, assess, evaluate
from chalicelib.tags.index import stems_needed
from chalicelib.tags.model import Failure, TagRule
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import catalogue, rule, signal

OFTEN = {">=": [{"var": "m.contacts.count"}, 2]}
SEARCHED = {">=": [{"var": "m.searches.count"}, 1]}
BROKEN = {">": [{"var": "t.city_tier"}, 3]}


def contacts(*days_ago: float) -> Profile:
    return person(happened("call.started", day, "phone") for day in days_ago)


def test_confidence__two_of_three_signals__is_their_weights() -> None:
    """Confidence is the sum of the weights of the true signals."""
    one = rule(
        signals=[
            signal("a", 0.5, OFTEN),
            signal("b", 0.3, {">=": [{"var": "m.contacts.count"}, 9]}),
            signal("c", 0.2, {"==": [{"var": "t.gender"}, "female"]}),
        ]
    )
    someone = person([happened("call.started", 1), happened("call.started", 2)], {"gender": "female"})
    (tag,) = evaluate(catalogue(one), someone, NOW)
    assert tag.confidence == 0.7
    assert tag.value is True
    assert tag.source == "rule"


def test_tag__below_its_threshold__is_not_set() -> None:
    """A tag is set at its threshold and not below."""
    signals = [signal("a", 0.4, OFTEN), signal("b", 0.6, SEARCHED)]
    at, above = (
        rule(id="at", signals=signals, threshold=0.4),
        rule(id="above", signals=signals, threshold=0.41),
    )
    assert [tag.id for tag in evaluate(catalogue(at, above), contacts(1, 2), NOW)] == ["at"]


def test_weights__of_tenths__sum_without_dust() -> None:
    """Seven times 0.1 reaches 0.7."""
    signals = [signal(f"s{n}", 0.1, OFTEN if n < 7 else SEARCHED) for n in range(10)]
    assert evaluate(catalogue(rule(signals=signals, threshold=0.7)), contacts(1, 2), NOW)


def test_since__of_a_tag__is_the_first_evidence_of_its_true_signals() -> None:
    """What a false signal reads dates nothing."""
    signals = [signal("a", 0.6, OFTEN), signal("b", 0.4, {">=": [{"var": "m.searches.count"}, 5]})]
    events = [happened("search.performed", 30), happened("call.started", 9), happened("call.started", 2)]
    (tag,) = evaluate(catalogue(rule(signals=signals)), person(events), NOW)
    assert tag.since == NOW - 9 * DAY_MS


def test_half_life__after_one__halves_the_confidence() -> None:
    """Evidence of one half-life ago counts half."""
    one = rule(signals=[signal("a", 1, OFTEN)], threshold=0.3, half_life_days=10)
    (tag,) = evaluate(catalogue(one), contacts(10, 12), NOW)
    assert tag.confidence == 0.5


def test_being_seen__beside_other_evidence__does_not_refresh_a_tag() -> None:
    """How long somebody is known refreshes nothing: else any event would keep every such tag alive."""
    known = {"and": [OFTEN, {">=": [{"var": "p.days_known"}, 5]}]}
    one = rule(signals=[signal("a", 1, known)], threshold=0.3, half_life_days=10)
    someone = person([happened("call.started", 12), happened("call.started", 10), happened("page.viewed", 0)])
    assert evaluate(catalogue(one), someone, NOW)[0].confidence == 0.5


def test_being_seen__as_the_only_evidence__dates_a_tag() -> None:
    """A tag that reads nothing else goes by when the person was first and last seen."""
    one = rule(signals=[signal("a", 1, {">=": [{"var": "p.days_known"}, 5]})])
    (tag,) = evaluate(catalogue(one), contacts(12, 3), NOW)
    assert tag.since == NOW - 12 * DAY_MS


_DAYS = st.one_of(st.none(), st.floats(0.01, 400))
_SHARES = st.integers(1, 1000).map(lambda part: part / 1000)


@given(_SHARES, _SHARES, _DAYS, _DAYS, st.integers(0, 900 * DAY_MS))
@example(0.6, 0.6, 30.0, None, 0)
@example(1.0, 0.5, 30.0, None, 30 * DAY_MS)
def test_tag__at_any_age__is_set_just_while_decay_and_expiry_allow(
    weight: float, threshold: float, half_life: float | None, expiry: float | None, age: Millis
) -> None:
    """The closed form of the end agrees with confidence and expiry at every instant."""
    one = rule(threshold=threshold, half_life_days=half_life, expires_days=expiry)
    if not reaches(one, weight):
        return
    lasts = lasts_ms(one, weight)
    left = weight * decay(half_life_ms(one), 0, age)
    faded = left < threshold * (1 - 1e-9)
    expired = expiry is not None and age >= int(expiry * DAY_MS)
    surely = left > threshold * (1 + 1e-9)
    ended = lasts is not None and age >= lasts
    if faded or expired:
        assert ended
    elif surely or half_life is None:
        assert not ended
    assert lasts is None or half_life is not None or expiry is not None


@given(st.floats(0, 2) | st.integers(0, 40_000).map(lambda halves: halves / 20_000))
@example(0.00005)
@example(0.12345)
def test_confidence__as_told__is_rounded_to_four_places(share: float) -> None:
    """The short way rounds as the long one does, in the middle between two as well."""
    assert told(share) == round(share, 4)


@given(st.integers(0, 40), st.floats(0.5, 60), st.sampled_from([None, 5.0, 30.0]))
def test_expires_at__of_a_tag__is_the_first_instant_without_it(
    age_days: int, half_life: float, expiry: float | None
) -> None:
    """A tag is there one millisecond before its end and gone at it, with nothing else happening."""
    one = catalogue(rule(signals=[signal("a", 1, OFTEN)], half_life_days=half_life, expires_days=expiry))
    someone = contacts(age_days, age_days)
    found = evaluate(one, someone, NOW - age_days * DAY_MS)
    ends = found[0].expires_at
    assert ends is not None
    assert evaluate(one, someone, ends - 1)
    assert not evaluate(one, someone, ends)


def test_expires_at__without_half_life_and_expiry__is_none() -> None:
    """Such a tag lasts while its signals are true."""
    assert evaluate(catalogue(rule(signals=[signal("a", 1, OFTEN)])), contacts(400, 1), NOW)[0].expires_at is None


def test_rule__that_breaks__fails_alone_and_never_silently() -> None:
    """A failing rule is reported; the others are evaluated; it never means “no match”."""
    one = catalogue(rule(id="broken", signals=[signal("a", 1, BROKEN)]), rule(signals=[signal("a", 1, OFTEN)]))
    someone = person([happened("call.started", 1), happened("call.started", 2)], {"city_tier": "third"})
    found = assess(one, someone, NOW)
    assert found.failed == (Failure("broken", "Thrown"),)
    assert [tag.id for tag in found.tags] == ["sample"]
    with pytest.raises(RuleFailed, match="broken"):
        evaluate(one, someone, NOW)


def test_value__that_the_engine_cannot_take__fails_just_its_readers() -> None:
    """One hostile trait does not cost a person all tags."""
    one = catalogue(rule(id="broken", signals=[signal("a", 1, BROKEN)]), rule(signals=[signal("a", 1, OFTEN)]))
    someone = person([happened("call.started", 1), happened("call.started", 2)], {"city_tier": 10**30})
    found = assess(one, someone, NOW)
    assert found.failed == (Failure("broken", "UnreadableValue"),)
    assert [tag.id for tag in found.tags] == ["sample"]


def test_rule__past_its_step_budget__fails() -> None:
    """A rule that nobody checked cannot run for long."""
    costly: Any = {"+": [{"var": "m.contacts.count"}] * 30_000}
    one = catalogue(rule(signals=[signal("a", 1, {">": [costly, 1]})]))
    assert assess(one, contacts(1), NOW).failed == (Failure("sample", "BudgetExceeded"),)


def _some_rules() -> list[TagRule]:
    rng = random.Random(7)
    paths = [
        "m.contacts.count_30d", "m.searches.count", "m.orders_paid.sum_90d", "m.sessions.days_since_last",
        "t.gender", "p.days_known", "orders.open", "m.surveys.mean",
    ]  # fmt: skip

    def condition() -> dict[str, Any]:
        path = rng.choice(paths)
        if path == "t.gender":
            return {"==": [{"var": path}, rng.choice(["female", "male"])]}
        return {rng.choice([">=", "<=", "<", ">"]): [{"var": path}, rng.choice([0, 1, 2, 50])]}

    def joined() -> dict[str, Any]:
        return {rng.choice(["and", "or"]): [condition() for _ in range(rng.randint(1, 3))]}

    return [
        rule(id=f"r{n:03}", signals=[signal("a", 0.5, joined()), signal("b", 0.5, joined())], threshold=0.5)
        for n in range(200)
    ]


RULES = _some_rules()
_TYPES = ["call.started", "search.performed", "order.paid", "session.started", "survey.answered"]
_EVENTS = st.lists(st.tuples(st.sampled_from(_TYPES), st.integers(0, 80)), max_size=8)


def _lived(events: list[tuple[str, int]], gender: str | None) -> Profile:
    return person(
        [happened(type_, day, amount="40", score=3, order_id="o") for type_, day in events],
        {} if gender is None else {"gender": gender},
    )


class _Unindexed(Catalogue):
    """Selects every rule, whatever is present."""

    def select(
        self,
        present: frozenset[str],
        only: frozenset[str] | None = None,
        among: frozenset[str] | None = None,
        also: frozenset[str] = frozenset(),
        *,
        again: bool = False,
    ) -> Any:
        everything = frozenset(stem(path) for one in self.rules for path in self.compiled(one).reads)
        return super().select(present | everything, only, among, also, again=again)


INDEXED, FULL = catalogue(*RULES), _Unindexed(RULES, load_catalogue().measures)


@given(_EVENTS, st.sampled_from([None, "female", "male"]))
def test_index__for_anybody__gives_what_full_evaluation_gives(
    events: list[tuple[str, int]], gender: str | None
) -> None:
    """The index changes cost, never answers."""
    someone = _lived(events, gender)
    assert assess(INDEXED, someone, NOW) == assess(FULL, someone, NOW)


@given(_EVENTS, st.sampled_from(_TYPES))
def test_only__what_an_event_touched__finds_every_change(events: list[tuple[str, int]], added: str) -> None:
    """Rules that read nothing an event touched are as they were before it."""
    before = _lived([*events, ("session.started", 80)], None)
    after = _lived([*events, ("session.started", 80), (added, 0)], None)
    untouched = {f"m.{name}" for name, one in after.series.items() if before.series.get(name) == one}
    touched = present(after) - untouched
    whole = {tag.id for tag in evaluate(INDEXED, before, NOW)} ^ {tag.id for tag in evaluate(INDEXED, after, NOW)}
    part = {tag.id for tag in evaluate(INDEXED, before, NOW, touched)} ^ {
        tag.id for tag in evaluate(INDEXED, after, NOW, touched)
    }
    assert whole == part


def test_select__of_many_rules__takes_just_those_that_may_be_true() -> None:
    """A rule about what somebody never did is not even evaluated."""
    selected = load_catalogue().select(present(contacts(1)))
    for compiled in selected.rules:
        needed = stems_needed(compiled.conditions)
        assert needed is None or needed & present(contacts(1))
    assert len(selected.rules) < len(load_catalogue().rules) / 2


def test_concerned__by_a_path__are_the_rules_that_read_its_stem() -> None:
    """An event that counts a complaint concerns the rules that read complaints in any window."""
    ids = load_catalogue().concerned(["m.complaints.count_7d"])
    assert {"repeat_complainer", "dissatisfied", "churn_risk"} <= set(ids)
    assert "female" not in ids
    assert list(ids) == sorted(ids)


def test_selections__of_ever_new_people__are_not_kept_for_ever() -> None:
    """Memory stays bounded."""
    one = catalogue(*RULES[:3])
    for place in range(600):
        one.select(frozenset({f"m.x{place}"}))
    assert len(one._selections) <= 256


def test_catalogue__of_rules_in_any_order__evaluates_alike() -> None:
    """Tags come sorted by id."""
    shuffled = catalogue(*reversed(RULES))
    someone = _lived([("call.started", 1), ("search.performed", 3)], "female")
    tags = evaluate(shuffled, someone, NOW)
    assert tags == evaluate(INDEXED, someone, NOW)
    assert [tag.id for tag in tags] == sorted(tag.id for tag in tags)


def test_tag__encoded__has_the_fields_of_the_contract() -> None:
    """What the API shows of a tag."""
    (tag,) = evaluate(catalogue(rule(signals=[signal("a", 1, OFTEN)])), contacts(1, 2), NOW)
    assert set(msgspec.to_builtins(tag)) >= {
        "id", "name", "class", "dimension", "value", "confidence", "since", "expires_at", "source",
    }  # fmt: skip

"""Why a tag is set or not, recomputable from what the answer lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import DAY_MS
from chalicelib.profiles.model import Profile
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.condition_check import outcome
from chalicelib.tags.engine import evaluate
from chalicelib.tags.why import why
from tests.unit.tags.persons import NOW, happened, person
from tests.unit.tags.rules import catalogue, rule, signal

OFTEN = {">=": [{"var": "m.contacts.count"}, 2]}
_TYPES = [
    "conversation.opened", "call.started", "order.paid", "order.refunded", "survey.answered", "page.viewed",
    "complaint.filed", "payment.failed", "session.started", "cart.updated", "conversation.closed",
]  # fmt: skip
_LIVES = st.lists(st.tuples(st.sampled_from(_TYPES), st.integers(0, 100), st.integers(1, 5)), max_size=12)


def lived(events: list[tuple[str, int, int]]) -> Profile:
    return person(
        [
            happened(type_, day, "phone", amount="700", score=score, resolved=False, order_id=str(day))
            for type_, day, score in events
        ],
        {"gender": "female", "member_level": "gold"},
    )


@given(_LIVES)
def test_why__of_every_tag_of_anybody__recomputes_and_agrees_with_the_engine(
    events: list[tuple[str, int, int]],
) -> None:
    """Conditions over the listed values, weights of the true ones, times decay: that is the answer."""
    someone, library = lived(events), load_catalogue()
    tags = {tag.id: tag for tag in evaluate(library, someone, NOW)}
    for tag_id, declared in library.rules.items():
        answer = why(library, someone, tag_id, NOW)
        for one, listed in zip(declared.signals, answer.signals, strict=True):
            assert outcome(one.when, listed.values) is listed.true
        assert abs(sum(one.weight for one in answer.signals) - 1) < 1e-9
        assert answer.weights_sum == round(sum(one.weight for one in answer.signals if one.true), 6)
        own = answer.weights_sum * answer.decay
        implied = max((one.confidence for one in answer.implied_by), default=0)
        assert answer.confidence == pytest.approx(max(own, implied), abs=1e-4)
        assert answer.set is (tag_id in tags)
        if tag_id in tags:
            tag = tags[tag_id]
            assert (tag.confidence, tag.since, tag.expires_at) == (
                answer.confidence, answer.since, answer.expires_at,
            )  # fmt: skip
            assert answer.confidence >= answer.threshold - 1e-4


def test_why__of_a_set_tag__says_which_signals_with_their_times() -> None:
    """Each signal names its values and the first and last event behind them."""
    someone = person([happened("call.started", 5), happened("call.started", 2)])
    signals = [signal("often", 0.7, OFTEN), signal("vip", 0.3, {"==": [{"var": "t.is_vip"}, True]})]
    answer = why(catalogue(rule(signals=signals, version=4)), someone, "sample", NOW)
    often, vip = answer.signals
    assert often.true
    assert often.values == {"m.contacts.count": 2}
    assert (often.first_event_at, often.last_event_at) == (NOW - 5 * DAY_MS, NOW - 2 * DAY_MS)
    assert vip.true is False
    assert vip.values == {"t.is_vip": None}
    assert vip.first_event_at is None
    assert answer.rule_version == 4
    assert answer.says.en == "Tagged “text”: often."


def test_why__of_a_tag_below_its_threshold__says_what_was_there() -> None:
    """Why not is answered too."""
    signals = [signal("often", 0.5, OFTEN), signal("vip", 0.5, {"==": [{"var": "t.is_vip"}, True]})]
    someone = person([happened("call.started", 5), happened("call.started", 2)])
    answer = why(catalogue(rule(signals=signals)), someone, "sample", NOW)
    assert not answer.set
    assert "only often" in answer.says.en
    assert "阈值" in answer.says.zh


def test_why__of_a_tag_without_any_sign__says_so() -> None:
    """No sign of it is an answer."""
    answer = why(catalogue(rule()), person([happened("page.viewed")]), "sample", NOW)
    assert not answer.set
    assert answer.confidence == 0
    assert answer.since is None
    assert "no sign" in answer.says.en


def test_why__of_faded_evidence__says_that_it_is_too_old() -> None:
    """A tag that decayed is told from one that never was."""
    one = rule(signals=[signal("often", 1, OFTEN)], half_life_days=1)
    someone = person([happened("call.started", 9), happened("call.started", 8)])
    answer = why(catalogue(one), someone, "sample", NOW)
    assert not answer.set
    assert answer.expires_at is not None
    assert answer.expires_at < NOW
    assert "too old" in answer.says.en


def test_why__of_a_rule_that_breaks__names_the_signal_and_decides_nothing() -> None:
    """A broken signal is neither true nor false."""
    signals = [signal("often", 0.7, OFTEN), signal("tier", 0.3, {">": [{"var": "t.city_tier"}, 2]})]
    someone = person([happened("call.started", 5), happened("call.started", 2)], {"city_tier": "third"})
    answer = why(catalogue(rule(signals=signals)), someone, "sample", NOW)
    assert not answer.set
    assert answer.signals[1].true is None
    assert answer.signals[1].error == "Thrown"
    assert "could not be evaluated" in answer.says.en


def test_why__of_an_unknown_tag__is_not_found() -> None:
    """The catalogue knows its tags."""
    with pytest.raises(NotFound) as refused:
        why(load_catalogue(), person(), "no_such", NOW)
    assert refused.value.code == "no_such_tag"

"""What holds for every shipped policy, whatever the call."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.routing.bot_context import next_best
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.decide import decide
from chalicelib.routing.model import MODES, Decision
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.routing.shipped import TRADES, shipped_declaration
from tests.unit.routing.people import CHANNELS, Call, applied, calls

EACH = 250
SHOWN = ("mode", "queue", "priority")


def decided(policy: Policy, call: Call) -> Decision:
    asked, caller, now = call
    return decide(policy, asked, caller, decision_id="d", now=now)


def untrue(policy: Policy, call: Call) -> list[str]:
    """The trials that hold in a call whose change, really made, gives something other than what is told."""
    asked, caller, now = call
    made = decided(policy, call)
    told = {would.if_: would.then for would in made.would_change}
    # Which trials are tried is the policy's to say; each says what it would be and is tried by other means here.
    wrong = []
    for trial in policy.declared.what_if:
        if trial.if_ not in told:
            continue
        other = decided(policy, applied(trial.set, asked, caller, now))
        differing = {name: getattr(other, name) for name in SHOWN if getattr(other, name) != getattr(made, name)}
        if told[trial.if_] != differing:
            wrong.append(trial.id)
    return wrong


@pytest.mark.parametrize("trade", TRADES)
def test_would_change__of_any_call_to_any_trade__is_true_when_applied(trade: str) -> None:
    """The changed person, call or hour, decided anew, differs in exactly what was told."""
    policy = shipped_policy(trade)
    made = list(calls(policy, 61, EACH))
    assert sum(len(decided(policy, call).would_change) for call in made) >= EACH
    assert [found for call in made if (found := untrue(policy, call))] == []


def test_would_change__that_changes_something_else_than_it_says__is_caught() -> None:
    """The negative control: told of one change, another one is made."""
    policy = shipped_policy("finance")
    trials = policy.declared.what_if
    alike = {trials[at].if_: trials[at - 1].set for at in range(len(trials))}
    found = 0
    for call in calls(policy, 61, EACH):
        asked, caller, now = call
        made = decided(policy, call)
        for would in made.would_change:
            other = decided(policy, applied(alike[would.if_], asked, caller, now))
            found += would.then != {
                name: getattr(other, name) for name in SHOWN if getattr(other, name) != getattr(made, name)
            }
    assert found > EACH / 10


def differing(policy: Policy, call: Call) -> set[str]:
    """What of tone and way to a solution depends on the channel that somebody comes by."""
    asked, caller, now = call
    seen: dict[str, set[Any]] = {}
    for channel in CHANNELS:
        made = decided(policy, (replace(asked, channel=channel), caller, now))
        told = {
            "tone": made.hints.tone,
            "scene": made.hints.scene,
            "language": made.hints.language,
            "ask": made.hints.ask,
            "do_not_ask": made.hints.do_not_ask,
            "offer": made.hints.offer,
            "intent": made.intent,
            "urgency": made.urgency,
            "queue": made.queue,
            "path": next_best(policy, made.intent.id),
        }
        for name, value in told.items():
            seen.setdefault(name, set()).add(value)
    return {name for name, values in seen.items() if len(values) > 1}


@pytest.mark.parametrize("trade", TRADES)
def test_tone_and_solution__of_one_person__are_the_same_on_every_channel(trade: str) -> None:
    """Same person, same need: tone, questions, queue and steps do not depend on the channel; nor is anything explained
    twice. A policy names the channel for the form (a video, a voice) alone.
    """
    policy = shipped_policy(trade)
    found = [fields for call in calls(policy, 8, EACH // 2) if (fields := differing(policy, call))]
    assert found == []


def test_tone__that_a_policy_makes_depend_on_the_channel__is_caught() -> None:
    """The negative control: a hint for phones alone."""
    raw = shipped_declaration("retail")
    raw["hints"] = [{"when": {"==": [{"var": "channel"}, "phone"]}, "tone": "brisk"}, *raw["hints"]]
    policy = load_policy(raw)
    assert all("tone" in differing(policy, call) for call in calls(policy, 8, 20))


@pytest.mark.parametrize("trade", TRADES)
def test_channel__is_named_for_the_form_alone(trade: str) -> None:
    """Who phones rather speaks with a person; a video needs a screen. Nothing else asks for the channel."""
    policy = shipped_policy(trade)
    rules = [one.id for one, reads in zip(policy.declared.rules, policy.rules.reads, strict=True) if "channel" in reads]
    hints = [one for one, reads in zip(policy.declared.hints, policy.hints.reads, strict=True) if "channel" in reads]
    assert rules == ["by_phone"]
    assert [(one.format, one.tone, one.scene, one.ask, one.offer) for one in hints] == [
        ("short_video", None, None, (), None)
    ]
    assert not any("channel" in reads for section in (policy.intents, policy.urgency) for reads in section.reads)


@pytest.mark.parametrize("trade", TRADES)
def test_decision__of_any_trade__is_bounded_and_explained(trade: str) -> None:
    """Priority 1–99, a mode that the queue serves, two reasons and more in both languages, no rule that cannot run."""
    policy = shipped_policy(trade)
    for call in calls(policy, 17, EACH):
        made = decided(policy, call)
        assert 1 <= made.priority <= 99
        assert made.mode in MODES
        assert made.mode in policy.declared.queues[made.queue].modes
        assert len(made.reasons) >= 2
        assert all(reason.says.zh and reason.says.en and reason.evidence for reason in made.reasons)
        assert not any("{" in reason.says.zh + reason.says.en for reason in made.reasons)
        assert not made.skipped_rules
        assert made == decided(policy, call)

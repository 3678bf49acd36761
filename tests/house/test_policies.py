"""Every shipped policy is whole: what it reads exists for its trade, and nothing in it is dead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from chalicelib.flows.check_declaration import check_declaration
from chalicelib.flows.effective import POLICY, InForce
from chalicelib.privacy.fields import FIELDS
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.conditions import Conditions
from chalicelib.routing.facts import facts_of
from chalicelib.routing.intent import read_message
from chalicelib.routing.judge import judge
from chalicelib.routing.model import UNKNOWN_INTENT
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.routing.policy_paths import Known
from chalicelib.routing.policy_purposes import policy_purpose_mistakes
from chalicelib.routing.shipped import CORE, TRADES, file_of, shipped_declaration
from chalicelib.routing.words import trade_topics
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.uses import Uses
from tests.unit.routing.people import Call, calls, entries

CATALOGUE = load_catalogue()
MEASURES = CATALOGUE.measures.measures
CONSULT_SECONDS, COMPLAINT_SECONDS = 10, 48 * 3600
MOST_CALLS = 8_000

each_trade = pytest.mark.parametrize("trade", TRADES)


@each_trade
def test_policy__names_only_what_there_is(trade: str) -> None:
    """Tags, traits and measures exist; the same checks pass that a tenant's own policy goes through."""
    raw = shipped_declaration(trade)
    checked = load_policy(raw, Known(tags=CATALOGUE.rules, traits=FIELDS, measures=MEASURES))
    assert (checked.declared, checked.mark) == (shipped_policy(trade).declared, shipped_policy(trade).mark)
    check_declaration("policies", POLICY, raw, InForce({}))
    assert (raw["trade"], raw["id"]) == (trade, trade)


@each_trade
def test_policy__reads_tags_of_its_own_trade(trade: str) -> None:
    """A tag of another trade is never set here: a rule that reads it would be dead."""
    foreign = {one for one in shipped_policy(trade).tag_ids if trade not in (CATALOGUE.rules[one].trades or TRADES)}
    assert foreign == set()


@each_trade
def test_policy__reads_only_what_is_for_service(trade: str) -> None:
    """People are routed for service; nothing else of them may be read for it."""
    uses = Uses(CATALOGUE.measures.uses, CATALOGUE.rules)
    assert list(policy_purpose_mistakes(shipped_declaration(trade), uses)) == []


def held(policy: Policy, call: Call) -> Iterable[tuple[str, int]]:
    """The entries that had a say in a call: of the presumed intents the one that counted."""
    asked, caller, now = call
    declared = policy.declared
    reading = read_message(asked.message, declared.trade)
    judged = judge(policy, facts_of(asked, reading, caller, now=now, timezone=declared.timezone, night=declared.night))
    yield from (("rules", place) for place in judged.rules)
    yield from (("urgency", place) for place in judged.urgency_rules)
    if judged.intent_rule is not None:
        yield "intents", judged.intent_rule
    sections: dict[str, Conditions] = {"hints": policy.hints, "what_if": policy.what_if}
    for name, conditions in sections.items():
        yield from ((name, place) for place in conditions.holding(judged.facts)[0])


def never_held(policy: Policy) -> set[tuple[str, int]]:
    """The entries that no made-up call makes hold."""
    waiting = {(section, place) for section, place, _ in entries(policy)}
    for call in calls(policy, 2026, MOST_CALLS):
        waiting -= set(held(policy, call))
        if not waiting:
            break
    return waiting


@each_trade
def test_entry__of_a_policy__can_hold(trade: str) -> None:
    """A rule, presumption, hint or trial that can never fire does not ship."""
    declared: Any = shipped_policy(trade).declared
    sections = {**msgspec.structs.asdict(declared), "urgency": declared.urgency.rules}
    dead = [(section, sections[section][place]) for section, place in sorted(never_held(shipped_policy(trade)))]
    assert dead == []


def test_entry__that_can_never_hold__is_found() -> None:
    """The negative control: who is a VIP and is none, an intent that an earlier one always hides."""
    raw = shipped_declaration("retail")
    vip = {"var": "tags.vip"}
    raw["rules"] = [*raw["rules"], {**raw["rules"][0], "id": "dead", "when": {"and": [vip, {"!": [vip]}]}}]
    hidden = {**raw["intents"][0], "id": "hidden"}
    raw["intents"] = [*raw["intents"], hidden]
    dead = {("rules", len(raw["rules"]) - 1), ("intents", len(raw["intents"]) - 1)}
    assert never_held(load_policy(raw)) == dead


def test_core__is_taken_by_some_trade__each_entry() -> None:
    """What no trade takes is not shipped."""
    core, whole = file_of(CORE), [shipped_declaration(trade) for trade in TRADES]
    for section in ("queues", "next_best", "texts"):
        assert set(core[section]) <= {key for one in whole for key in one[section]}, section
    for section in ("intents", "rules", "what_if"):
        assert set(core[section]) <= {entry["id"] for one in whole for entry in one[section]}, section
    assert set(core["urgency"]["rules"]) <= {entry["id"] for one in whole for entry in one["urgency"]["rules"]}
    assert [name for name, hint in core["hints"].items() if not any(hint in one["hints"] for one in whole)] == []


@each_trade
def test_text__of_a_trade__is_said_by_some_hint(trade: str) -> None:
    """A text that no hint names is never heard."""
    assert set(file_of(trade)["texts"]) <= set(shipped_declaration(trade)["texts"])


@each_trade
def test_limits__of_queues__keep_the_standards(trade: str) -> None:
    """A consult is answered within 10 s, a complaint closed within 48 h; business customers and VIPs sooner."""
    queues = shipped_policy(trade).declared.queues
    assert max(queue.sla.first_response_seconds for queue in queues.values()) <= CONSULT_SECONDS
    assert queues["complaints"].sla.resolve_seconds <= COMPLAINT_SECONDS
    assert queues["vip"].sla.first_response_seconds < CONSULT_SECONDS
    assert all(queue.overflow for name, queue in queues.items() if "human" in queue.modes)


@each_trade
def test_topic__of_a_trade__has_a_place_and_steps(trade: str) -> None:
    """What its messages are read for has a rule that leads somewhere, and next-best steps; so has what is presumed."""
    declared = shipped_policy(trade).declared
    topics = {one for one, topic in trade_topics().items() if trade in topic.trades}
    topics |= {rule.intent for rule in declared.intents if isinstance(rule.intent, str)}
    assert topics <= set(declared.next_best)
    assert UNKNOWN_INTENT in declared.next_best
    led = {word for rule in declared.rules if rule.queues for word in _words(rule.when)}
    assert topics <= led


def _words(when: Any) -> set[str]:
    if isinstance(when, str):
        return {when}
    parts = when.values() if isinstance(when, dict) else when if isinstance(when, list) else ()
    return {word for part in parts for word in _words(part)}


@each_trade
def test_reason__has_an_id_of_its_own(trade: str) -> None:
    """Rules, urgency, presumptions and the floor answer as reasons side by side: two of one id could not be told apart."""
    declared = shipped_policy(trade).declared
    sections = (declared.rules, declared.urgency.rules, declared.intents, declared.floor)
    ids = [one.id for section in sections for one in section]
    assert sorted(ids) == sorted(set(ids))

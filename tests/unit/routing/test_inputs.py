"""What a decision was made from makes the very same decision again, and nothing else does."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.desk.model import Agent, Need, Seat, Track
from chalicelib.desk.score import best
from chalicelib.flows.recompute_decision import ReplayServices, recompute_decision
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.decide import decide, decide_on, facts_for
from chalicelib.routing.desk_answer import at_desk
from chalicelib.routing.inputs import Weighed, kept_inputs, read_inputs
from chalicelib.routing.model import Caller, Decision, RouteRequest
from chalicelib.routing.policy import Policy, shipped_policy
from chalicelib.routing.shipped import TRADES
from chalicelib.routing.weighing import chosen, desk_of, made_again, weighed_among
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.memory_declarations import MemoryDeclarations
from chalicelib.store.rows import DecisionRow
from tests.unit.routing.calls import NOON, case, request, small_policy, table

MESSAGES = [row["text"] for row in table("routing_messages.json")]
POLICIES = {policy.declared.id: policy for policy in (*map(shipped_policy, TRADES), load_policy(small_policy()))}
DECISIONS = 1_000


def replaying() -> ReplayServices:
    """A history, and policies by their ids."""
    history = MemoryHistory()
    return ReplayServices(history, MemoryDeclarations(history), POLICIES.__getitem__)


def random_call(draw: random.Random, policy: Policy) -> tuple[RouteRequest, Caller, Millis]:
    """Anybody who may call: unknown, opted out, or known by some tags, values and cases."""
    now = NOON + draw.randrange(14 * DAY_MS)
    message = draw.choice([None, *MESSAGES, "".join(chr(draw.randrange(32, 0x9FFF)) for _ in range(20))])
    asked = request(
        draw.choice(["wechat", "phone", "app", "web_chat", "email"]),
        message=message,
        intent=draw.choice([None, None, "refund", "logistics", "unknown"]),
    )
    if draw.random() < 0.1:
        return asked, Caller(), now
    ids = sorted(policy.tag_ids)
    tags = {one: draw.random() for one in draw.sample(ids, min(len(ids), draw.randrange(9)))}
    few = [None, 0, 1, 2, 5, 12, 3.5]
    values: dict[str, Any] = {}
    for path in sorted(policy.paths):
        inner = values
        *stems, last = path.split(".")
        for stem in stems:
            inner = inner.setdefault(stem, {})
        inner[last] = draw.choice(["华东", "zh", "18-25", None] if stems[:1] == ["t"] else few)
    cases = tuple(
        case(kind, f"o{number}", status, at=now - draw.randrange(20) * DAY_MS, open=draw.random() < 0.5, topic="refund")
        for number, (kind, status) in enumerate(
            draw.sample(
                [("order", "paid"), ("order", "refunded"), ("ticket", "opened"), ("complaint", "filed")],
                draw.randrange(4),
            )
        )
    )
    return asked, Caller("p_someone", draw.random() > 0.1, tags, values, cases), now


def random_desk(draw: random.Random, decision: Decision, now: Millis) -> Weighed:
    """A desk on which some are away, some full, and some have a record."""
    names = [f"agent-{number}" for number in range(draw.randrange(1, 12))]
    agents = [
        Agent(one, {decision.skill: draw.randrange(1, 6), "other": 3}, 10, languages=draw.choice([(), ("zh",)]))
        for one in names
    ]
    seats = {
        one: Seat(
            one,
            draw.choice(["available", "available", "available", "away"]),
            now + draw.choice([-1, MINUTE_MS]),
            10,
            free,
            10 - free,
            now - draw.randrange(600_000),
        )
        for one in names
        for free in [draw.randrange(0, 11)]
    }
    intents = ("", decision.intent.id, "else")
    tracks = {one: {intent: Track(9, draw.randrange(10), 4, 13.0) for intent in intents} for one in names[::2]}
    need = Need(decision.queue, decision.skill, "web_chat", decision.priority, decision.intent.id, "zh")
    weighed = weighed_among(need, agents, seats, tracks, "queue", now, declined=names[:1])
    return replace(weighed, reservation_id="r_k_1")


def row_of(number: int, draw: random.Random, policy: Policy) -> DecisionRow:
    """A decision as a route stores it: with an agent where there is a desk."""
    asked, caller, now = random_call(draw, policy)
    id_ = f"d_{number}"
    facts = facts_for(policy, asked, caller, now=now)
    decision = decide_on(policy, facts, caller.profile_id, caller.personalised, decision_id=id_, now=now)
    assert decision == decide(policy, asked, caller, decision_id=id_, now=now)
    weighed = random_desk(draw, decision, now) if draw.random() < 0.4 else None
    if weighed is not None:
        decision = at_desk(decision, desk_of(weighed, chosen(weighed, policy, now)))
    kept = kept_inputs(policy, facts, caller.personalised, weighed)
    return DecisionRow("t", id_, caller.profile_id or "", now, msgspec.json.encode(decision), now + DAY_MS, "bot", kept)


def test_decisions__a_random_thousand__are_made_again_from_what_was_stored() -> None:
    """Of every shipped policy and any caller, with and without a desk: byte for byte what was answered."""
    draw = random.Random(20261122)
    services = replaying()
    chose = 0
    for number in range(DECISIONS):
        row = row_of(number, draw, draw.choice(list(POLICIES.values())))
        services.history.record(row)
        found = recompute_decision("t", row.decision_id, services)
        assert found.equal, (number, found.differs)
        again = made_again(
            POLICIES[found.policy.partition("/")[0]],
            read_inputs(row.inputs),
            row.profile_id or None,
            decision_id=row.decision_id,
            now=row.at,
        )
        assert msgspec.json.encode(again) == row.content
        chose += again.agent is not None
    assert chose > DECISIONS / 10, "a desk of which nobody is ever chosen shows nothing"


def test_decisions__whose_stored_inputs_were_changed__are_not_what_was_answered() -> None:
    """The control: a message that was pressing, another intent or another desk makes another decision."""
    draw = random.Random(5)
    services = replaying()
    told = 0
    for number in range(200):
        row = row_of(number, draw, shipped_policy())
        inputs = read_inputs(row.inputs)
        facts = {**inputs.facts, "stated": {"intent": "other_thing", "confidence": 1.0, "source": "given"}}
        changed = kept_inputs(shipped_policy(), facts, inputs.profiled, inputs.weighed)
        services.history.record(msgspec.structs.replace(row, inputs=changed))
        found = recompute_decision("t", row.decision_id, services)
        told += not found.equal
        assert found.equal or "intent" in found.differs
    assert told == 200


def test_inputs__of_another_desk__choose_another() -> None:
    """The control of the desk's part: without who was chosen, another is, or nobody."""
    draw, tried = random.Random(11), 0
    for number in range(100):
        row = row_of(number, draw, shipped_policy())
        inputs = read_inputs(row.inputs)
        stored = msgspec.json.decode(row.content, type=Decision)
        if inputs.weighed is None or stored.agent is None:
            continue
        without = {who: seat for who, seat in inputs.weighed.seats.items() if who != stored.agent.agent_id}
        other = msgspec.structs.replace(inputs, weighed=msgspec.structs.replace(inputs.weighed, seats=without))
        made = made_again(shipped_policy(), other, row.profile_id or None, decision_id=row.decision_id, now=row.at)
        assert made.agent != stored.agent
        tried += 1
    assert tried > 10


def test_inputs__of_somebody_who_wrote__hold_no_word_of_it() -> None:
    """Only what was read from a message is kept: topic, mood, urgency, a wish for a human, language."""
    policy, text = shipped_policy(), "退款! call me at 13812345678, Wang Xiaoming, my flat burns"
    facts = facts_for(policy, request(message=text), Caller("p_1", tags={"vip": 0.9}), now=NOON)
    kept = kept_inputs(policy, facts, profiled=True)
    for word in ("13812345678", "Xiaoming", "flat", "burns", "p_1"):
        assert word.encode() not in kept
    assert facts["stated"]["intent"] == "refund"


@pytest.mark.parametrize("kept", [b"", b"\x00", b"\x01nothing", b"\x00\x93\x01\x02\x03", b"\x02\x90"])
def test_inputs__that_are_none__are_refused(kept: bytes) -> None:
    """What cannot be read is told, and never taken for no inputs."""
    with pytest.raises(BadInput):
        read_inputs(kept)


def test_inputs__of_a_large_desk__are_deflated_and_read_again() -> None:
    """Facts stay as they are; many agents are worth the time."""
    policy = shipped_policy()
    facts = facts_for(policy, request(), Caller(), now=NOON)
    assert kept_inputs(policy, facts, profiled=True)[:1] == b"\x00"
    need = Need("general", "general", "web_chat", 50)
    agents = [Agent(f"agent-{number}", {"general": 3}, 10) for number in range(60)]
    seats = {one.agent_id: Seat(one.agent_id, "available", NOON + 1, 10, 10, 0, 0) for one in agents}
    weighed = weighed_among(need, agents, seats, {}, "queue", NOON)
    kept = kept_inputs(policy, facts, True, weighed)
    assert kept[:1] == b"\x01"
    assert len(kept) < 3_000
    assert read_inputs(kept).weighed == weighed


@pytest.mark.parametrize("seed", range(6))
def test_inputs__of_thousands_of_agents__are_small_and_choose_the_same(seed: int) -> None:
    """A desk of any size fits an item by far, and who is left out of what is kept changes no score of who is not."""
    draw, rules, crowd = random.Random(seed), shipped_policy().declared.desk, 3_000
    need = Need("general", "general", "web_chat", 50, "refund", "zh", "agent-7")
    agents = [Agent(f"agent-{number}", {"general": draw.randrange(1, 6)}, 10) for number in range(crowd)]
    seats = {
        one.agent_id: Seat(
            one.agent_id,
            draw.choice(["available", "available", "away"]),
            NOON + 1 + draw.randrange(90_000),
            10,
            draw.randrange(11),
            3,
            NOON - draw.randrange(900_000),
        )
        for one in agents
    }
    tracks = {
        one.agent_id: {
            intent: Track(20 + draw.randrange(900), draw.randrange(20), 9, float(draw.randrange(9, 45)))
            for intent in draw.sample(["", "refund", "else"], 2)
        }
        for one in agents
    }
    among = {"declined": [agents[0].agent_id], "language": "zh"}
    scores = best(need, agents, seats, tracks, rules, NOON, "queue", **among)
    first = [one.agent_id for one in scores]
    weighed = weighed_among(need, agents, seats, tracks, "queue", NOON, best_first=first, **among)
    assert chosen(weighed, shipped_policy(), NOON) == scores
    assert len(scores) == 4
    facts = facts_for(shipped_policy(), request(), Caller(), now=NOON)
    assert len(kept_inputs(shipped_policy(), facts, True, weighed)) < 12_000
    # The control: without the records of the others the same agents score otherwise.
    alone = replace(weighed, tracks={who: of for who, of in weighed.tracks.items() if who in weighed.seats})
    assert chosen(alone, shipped_policy(), NOON) != scores

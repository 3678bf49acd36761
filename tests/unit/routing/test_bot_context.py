"""The bot's context: what is in it, and that it never passes 4 KB."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kernel.texts import Text
from chalicelib.profiles.cases import Case
from chalicelib.routing.bot_context import LIMIT_BYTES, bot_context, next_best
from chalicelib.routing.checked_policy import load_policy
from chalicelib.routing.decide import decide
from chalicelib.routing.model import Caller
from chalicelib.routing.policy import shipped_policy
from tests.unit.routing.calls import NOON, case, request, small_policy

POLICY = shipped_policy()
SUMMARY = Text("25–29岁女性会员，常咨询美妆售后", "Female member, 25–29, often asks about beauty after-sales")
CALLER = Caller("p_someone", tags={"vip": 0.9, "open_complaint": 0.8}, values={"complaints": {"open": 1}})
DECISION = decide(POLICY, request(), CALLER, decision_id="d", now=NOON)


class Tag(msgspec.Struct, frozen=True):
    """A tag as far as the context reads it."""

    id: str
    name: Text
    confidence: float


ORDER = case("order", "o1", "shipped", at=NOON - 1_000, open=True, amount=19_900_000)
TICKET = case("complaint", "c1", "filed", at=NOON - 2_000, open=True, topic="logistics")


def test_context__of_a_known_person__tells_what_a_bot_needs() -> None:
    """Summary, hints, questions not to ask, next-best path, orders, tickets, strongest tags first."""
    tags = [Tag("weak", Text("弱", "weak"), 0.4), Tag("vip", Text("VIP", "VIP"), 0.9)]
    context = bot_context(POLICY, DECISION, summary=SUMMARY, tags=tags, cases=[ORDER, TICKET])
    assert context["summary"]["zh"] == SUMMARY.zh
    assert context["hints"]["tone"] == "apologetic"
    assert context["hints"]["offer"]["id"] == "vip_care"
    assert "who_are_you" in [advice["id"] for advice in context["do_not_ask"]]
    assert context["next_best_path"][0]["en"] == "Apologise and repeat the demand"
    assert context["orders"][0] == {
        "kind": "order",
        "ref": "o1",
        "status": "shipped",
        "open": True,
        "changed_at": "2026-03-04T03:59:59.000Z",
        "amount": "19.90",
    }
    assert context["tickets"][0]["topic"] == "logistics"
    assert [tag["id"] for tag in context["tags"]] == ["vip", "weak"]
    assert context["trimmed"] == []


def test_context__of_someone_who_opted_out__holds_nothing_of_them() -> None:
    """Neither summary nor tags nor orders, whatever is handed in; no offer either."""
    made = decide(POLICY, request(), Caller("p_someone", personalised=False), decision_id="d", now=NOON)
    tags = [Tag("vip", Text("VIP", "VIP"), 0.9)]
    context = bot_context(POLICY, made, summary=SUMMARY, tags=tags, cases=[ORDER, TICKET])
    assert context["personalised"] is False
    assert context["summary"] is None
    assert context["orders"] == context["tickets"] == context["tags"] == []
    assert context["hints"]["offer"] is None


def test_orders__many__the_open_and_the_latest_come_first() -> None:
    """Five at most: open ones, then by their last change."""
    orders = [case("order", f"o{n}", "delivered", at=NOON + n, open=False) for n in range(8)]
    orders.append(case("order", "open", "paid", at=NOON - 9, open=True))
    told = bot_context(POLICY, DECISION, cases=orders)["orders"]
    assert [order["ref"] for order in told] == ["open", "o7", "o6", "o5", "o4"]


def test_intent__without_steps__gets_those_of_an_unknown_one() -> None:
    """A policy without steps at all gives none."""
    assert next_best(POLICY, "gift_wrapping") == next_best(POLICY, "unknown") != ()
    assert next_best(load_policy(small_policy()), "refund") == ()


WORDS = st.text(max_size=400)
TAGS = st.builds(Tag, WORDS, st.builds(Text, WORDS, WORDS), st.floats(0, 1))
CASES = st.builds(
    Case,
    kind=st.sampled_from(["order", "ticket", "complaint"]),
    ref=WORDS,
    status=WORDS,
    opened_at=st.integers(0, NOON),
    changed_at=st.integers(0, NOON),
    open=st.booleans(),
    amount=st.none() | st.integers(0, 10**18),
    topic=st.none() | WORDS,
)


@settings(max_examples=60, deadline=None)
@given(st.builds(Text, WORDS, WORDS), st.lists(TAGS, max_size=30), st.lists(CASES, max_size=20))
def test_context__however_much_is_known__fits(summary: Text, tags: list[Tag], cases: list[Case]) -> None:
    """At most 4 KB of JSON; what was shortened is named."""
    context = bot_context(POLICY, DECISION, summary=summary, tags=tags, cases=cases)
    assert len(msgspec.json.encode(context)) <= LIMIT_BYTES
    assert context["do_not_ask"]
    assert context["hints"]["tone"] == "apologetic"


def test_context__that_is_too_long__loses_tags_before_orders() -> None:
    """Parts go in the documented order: the weakest tags first, what not to ask last."""
    long = "很长的名字" * 7
    tags = [Tag(f"tag_{n}", Text(long, long), 0.5) for n in range(12)]
    orders = [case("order", f"o{n}", "paid", at=NOON + n, open=True) for n in range(3)]
    context = bot_context(POLICY, DECISION, summary=SUMMARY, tags=tags, cases=orders)
    assert context["trimmed"] == ["tags"]
    assert len(context["orders"]) == 3
    assert len(context["tags"]) >= 5


def test_context__that_cannot_fit__still_tells_whom_it_is_about() -> None:
    """A policy with very long words leaves the id alone."""
    context = bot_context(POLICY, DECISION, summary=SUMMARY, limit_bytes=200)
    assert context == {
        "profile_id": "p_someone",
        "personalised": True,
        "as_of": DECISION.decided_at,
        "trimmed": ["all"],
    }

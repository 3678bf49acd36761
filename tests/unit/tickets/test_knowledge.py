"""The handling steps: which fit, why, and in both languages."""

from __future__ import annotations

import re

import pytest

from chalicelib.events.types import TOPICS
from chalicelib.tickets.facts import facts_of, kind_of
from chalicelib.tickets.knowledge import MOST_STEPS, proposed, shipped_steps
from chalicelib.tickets.model import Facts, Kind, Linked
from chalicelib.tickets.words import shipped_words

AT = 1_760_000_000_000
KINDS: tuple[Kind, ...] = ("consult", "complaint", "after_sales", "fault", "it_demand", "suggestion", "callback")


def steps(text: str, topic: str = "other", linked: tuple[Linked, ...] = ()) -> list[str]:
    facts = facts_of(text, AT, "Asia/Shanghai")
    return [one.id for one in proposed(kind_of(text, topic, facts), topic, "normal", facts, linked)]


@pytest.mark.parametrize(
    ("text", "topic", "first"),
    [
        ("订单号 A123 要求退款 99 元", "refund", ["check_order", "refund_in_a_day"]),
        ("I want a refund", "refund", ["ask_order", "refund_order_in_a_day"]),
        ("我要投诉，赔偿我", "complaint", ["apologise_first", "ask_order", "assess_compensation_open"]),
        ("换货", "return", ["ask_order", "arrange_exchange"]),
        ("打印机坏了", "hardware", ["sort_it_demand"]),
        ("建议晚上也送货", "other", ["pass_suggestion_on"]),
        ("怎么用", "usage", ["answer_question"]),
        ("包裹三天没动，明天之前送到", "logistics", ["keep_deadline", "trace_parcel"]),
    ],
)
def test_steps__by_topic_and_facts__are_the_fitting_ones(text: str, topic: str, first: list[str]) -> None:
    """Check the order, then refund within 24 hours; without the order, ask for it."""
    assert steps(text, topic)[: len(first)] == first


def test_steps__say_the_facts__and_leave_no_blank() -> None:
    """In both languages, in what is to be done and in why."""
    facts = facts_of("订单号 A123 退款 99 元，明天之前", AT, "Asia/Shanghai")
    found = proposed("after_sales", "refund", "critical", facts, ())
    texts = [text for one in found for text in (one.says.zh, one.says.en, one.why.zh, one.why.en)]
    assert any("A123" in one for one in texts) and any("99 CNY" in one for one in texts)
    assert any("明天之前" in one for one in texts) and not [one for one in texts if "{" in one]
    assert found[0].id == "protect_from_danger"
    assert [one.within_seconds for one in found if one.id == "refund_in_a_day"] == [86_400]


def test_open_tickets__of_the_same_person__are_to_be_read_first() -> None:
    """And settled ones are not."""
    still, over = Linked("ticket", "t_1", "assigned", AT), Linked("ticket", "t_2", "closed", AT)
    assert "read_history" in steps("咨询", linked=(still,)) and "read_history" not in steps("咨询", linked=(over,))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_ticket__gets_a_step__and_not_too_many(kind: Kind, topic: str) -> None:
    """Whatever its kind and topic."""
    assert 1 <= len(proposed(kind, topic, "normal", Facts(), ())) <= MOST_STEPS


def test_knowledge__names_only_what_there_is__in_both_languages() -> None:
    """Topics, demands, needs and blanks are known; ids are told apart; every step can be reached by its own words."""
    known, demands = {"order", "amount", "deadline", "linked_open", "critical"}, shipped_words().demands.keys()
    ids = [one.id for one in shipped_steps()]
    assert len(set(ids)) == len(ids) >= 30
    for one in shipped_steps():
        assert set(one.topics) <= TOPICS and set(one.demands) <= demands and {*one.has, *one.lacks} <= known, one.id
        for text in (one.says, one.why):
            assert text.zh and text.en and re.findall(r"\{(\w+)\}", text.zh) == re.findall(r"\{(\w+)\}", text.en), (
                one.id
            )
            assert set(re.findall(r"\{(\w+)\}", text.zh)) <= set(one.has), one.id
    assert demands <= {demand for one in shipped_steps() for demand in one.demands} | {"explanation"}

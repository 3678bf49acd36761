"""Reading messages: the table of messages, and that no text breaks the reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.routing.intent import OTHER_TOPIC, Reading, matter_of, read_message, topic_of
from chalicelib.routing.urgency import urgency_of
from chalicelib.routing.words import LONGEST_READ, marks_in, shipped_words
from tests.unit.routing.calls import table


@pytest.mark.parametrize("row", table("routing_messages.json"), ids=lambda row: row["text"] or "empty")
def test_message__of_the_table__is_read_as_told(row: dict[str, Any]) -> None:
    """Topic, mood, urgency and the wish for a person are those of the row."""
    read = read_message(row["text"])
    assert topic_of(row["text"]) == row["topic"]
    for name in ("mood", "urgency", "wants_human", "language"):
        assert name not in row or getattr(read, name) == row[name], name


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("我要投诉！退款一直不到账", "complaint"),
        ("I want to file a complaint, my parcel never arrived", "complaint"),
        ("这不是投诉，我想问退款", "refund"),
    ],
)
def test_complaint__said_in_so_many_words__is_one_whatever_it_is_about(text: str, topic: str) -> None:
    """No surely read topic outweighs that somebody says that they complain; who says that they do not, does not."""
    assert read_message(text).topic == topic


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("我要投诉！订单号 A20261120 的耳机坏了，退款 399 元，明天之前答复", "refund"),
        ("I want to file a complaint, my parcel never arrived", "logistics"),
        ("我要投诉！", "complaint"),
    ],
)
def test_complaint__its_matter__is_what_it_is_about(text: str, matter: str) -> None:
    """Who handles a complaint is told what about; where nothing else is said, it is the complaint."""
    assert (read_message(text).topic, matter_of(text)) == ("complaint", matter)


@given(st.text(max_size=300))
def test_any_text__is_read_without_error(text: str) -> None:
    """Confidence stays within 0 and 1 and the topic is a known one."""
    read = read_message(text)
    assert 0.0 <= read.confidence <= 1.0
    assert read.topic is None or read.topic in shipped_words().topics
    assert topic_of(text) in {OTHER_TOPIC, *shipped_words().topics}


def test_no_message__tells_nothing() -> None:
    """None, the empty text and blanks read alike."""
    assert read_message(None) == read_message("") == read_message(" \n") == Reading()


def test_topics__have_ids() -> None:
    """The topics that a message may be about are told by id."""
    assert {"logistics", "refund", "complaint"} <= set(shipped_words().topics)
    assert OTHER_TOPIC not in shipped_words().topics


def test_word__said_twice__counts_once() -> None:
    """Repeating a word makes no topic surer."""
    assert marks_in("退款退款退款") == marks_in("退款")


def test_latin_word__inside_another__does_not_count() -> None:
    """Whole words only, unless the list leaves the end open."""
    assert marks_in("prepay payable") == {}
    assert marks_in("refunded") == {"topic": {"refund": 1.5}}


def test_two_topics__alike_in_weight__are_less_sure_than_one() -> None:
    """A second topic lowers the confidence."""
    assert read_message("退款和发票").confidence < read_message("退款").confidence


def test_text__past_what_is_read__does_not_count() -> None:
    """Only the beginning of a very long message is read, so that its cost is bounded."""
    assert topic_of("嗯" * LONGEST_READ + "退款") == OTHER_TOPIC


@pytest.mark.parametrize(
    ("points", "level", "score"),
    [((), "low", 5), ((5,), "normal", 10), ((40, -5), "high", 40), ((300,), "critical", 100), ((-50,), "low", 0)],
)
def test_urgency__of_points__is_the_level_reached(points: tuple[int, ...], level: str, score: int) -> None:
    """A level begins at its threshold; the score stays within 0 and 100."""
    found = urgency_of(5, points, {"normal": 10, "high": 40, "critical": 80})
    assert (found.level, found.score) == (level, score)

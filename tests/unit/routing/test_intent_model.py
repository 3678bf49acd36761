"""The shipped intent model: the table of messages, its bounds, and what it tells of why."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.types import TOPICS
from chalicelib.routing.intent import OTHER_TOPIC, read_message
from chalicelib.routing.intent_grams import READ, grams
from chalicelib.routing.intent_model import FILE, NO_GUESS, OUT_OF_SCOPE, shipped_model, unpacked
from chalicelib.routing.words import plain, shipped_words, trade_topics
from infra.package import ROOT
from tests.unit.routing.calls import table

READS = """
import sys
from chalicelib.routing.intent import read_message
assert read_message("退款什么时候到账").topic == "refund"
print([name for name in ("numpy", "scipy", "sklearn") if name in sys.modules])
"""


@pytest.mark.parametrize("row", table("intents.json"), ids=lambda row: row["text"] or "empty")
def test_message__of_the_table__has_the_told_intent(row: dict[str, Any]) -> None:
    """The model alone, among all intents, names what the row says, or says that it does not know."""
    assert (shipped_model().guess(row["text"]).intent or OUT_OF_SCOPE) == row["intent"]


def test_intents__of_the_model__are_the_topics() -> None:
    """What the model may answer is what policies route on; of some topics of trades words alone can tell."""
    known = {*shipped_model().weights.intents} - {OUT_OF_SCOPE}
    assert known <= TOPICS
    assert {*shipped_words().topics} <= known
    assert TOPICS - known - {OTHER_TOPIC} <= {*trade_topics()}


@given(st.text(max_size=300))
def test_any_text__is_read_without_error(text: str) -> None:
    """Confidence stays within 0 and 1, and what is out of scope is never an answer."""
    guess = shipped_model().guess(text)
    assert 0.0 <= guess.confidence <= 1.0
    assert guess.intent != OUT_OF_SCOPE


@given(st.text(max_size=60), st.sets(st.sampled_from(sorted(TOPICS))))
def test_guess__among_some__is_one_of_them(text: str, among: set[str]) -> None:
    """A trade's message is never about what the trade does not have."""
    assert shipped_model().guess(text, among).intent in {None, *among}


@pytest.mark.parametrize("text", ["", " \n", "12345", "３.14 / 42", "😀" * 50, "！？…", "Ω", "\u200b"])
def test_text__without_words__is_not_known(text: str) -> None:
    """Nothing is read into digits, signs, emoji and letters that the model never saw."""
    assert shipped_model().guess(text).intent is None


def test_long_message__is_read_as_far_as_its_beginning() -> None:
    """The cost of 8,000 characters is that of the first few hundred."""
    text = "退款什么时候到账" * 1_000
    assert len(grams(text)) == len(grams(text[:READ])) <= 3 * READ
    assert shipped_model().guess(text) == shipped_model().guess(text[:READ])
    # A ligature may become many characters; even that stays bounded.
    assert len(plain("\ufdfa" * READ)) <= 18 * READ


def test_pieces__that_spoke__are_of_the_vocabulary() -> None:
    """What is shown of a message are words that we wrote: never a name or number in it."""
    text = "我叫欧阳翠花，电话13912345678，我的退款还没到账"
    assert shipped_model().guess(text).intent == "refund"
    pieces = shipped_model().speaking(text, "refund")
    assert pieces
    assert not any("欧阳" in piece or "翠" in piece or any(map(str.isdigit, piece)) for piece in pieces)


def test_reading__of_words_and_model__tells_its_evidence() -> None:
    """Listed words come first; a text that no list knows is read by the model alone."""
    assert read_message("我要退款").evidence[0] == "退款"
    alone = read_message("钱什么时候退给我")
    assert (alone.topic, bool(alone.evidence)) == ("refund", True)
    assert read_message("今天天气怎么样").evidence == ()


@pytest.mark.parametrize("text", ["password reset does not work again", "我的账户登录不上", "create an account for me"])
def test_account__at_an_it_desk__is_access(text: str) -> None:
    """A trade's own topic stands for those it covers, whether a list or the model heard them; a shop has its account."""
    assert (read_message(text, "it_desk").topic, read_message(text, "retail").topic) == ("access", "account")


def test_ignored_phrase__is_no_evidence_for_the_model_either() -> None:
    """What is no complaint for the lists is none for the model."""
    assert read_message("我不是来投诉的，只想问物流").topic == "logistics"


def test_file__of_the_model__is_small_and_whole() -> None:
    """At most 1 MB, and it unpacks to what was packed."""
    raw = FILE.read_bytes()
    assert len(raw) <= 1_000_000
    assert unpacked(raw).weights == shipped_model().weights


def test_file__cut_short__is_refused() -> None:
    """A broken file is an error, and no model that knows nothing."""
    with pytest.raises(Exception, match=r"incomplete|truncated"):
        unpacked(FILE.read_bytes()[:-100])


def test_reading__imports__no_numpy() -> None:
    """Neither numpy nor scikit-learn is loaded where messages are read."""
    done = subprocess.run([sys.executable, "-c", READS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_no_guess__has_no_confidence() -> None:
    """Nothing known is nothing said."""
    assert shipped_model().guess("12345") == NO_GUESS

"""The words that are counted, and finding them in what people write."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.types import TOPICS
from chalicelib.insights.lexicon import HotWord, Lexicon, folded, lexicon_with, shipped_lexicon, shipped_words
from chalicelib.kernel.texts import Text
from chalicelib.tags.word_list_check import word_list_mistakes
from tests.house.reading_docs import ROOT

MESSAGES = json.loads((ROOT / "tests/cases/hot_words.json").read_text())


def word(word_id: str, *forms: str) -> HotWord:
    return HotWord(word_id, "other", Text(word_id, word_id), forms)


@pytest.mark.parametrize(("text", "words"), MESSAGES, ids=[text[:24] for text, _ in MESSAGES])
def test_message__of_the_table__speaks_of_these_words(text: str, words: list[str]) -> None:
    """What a message says is found in both languages, each word once, and nothing that it does not say."""
    assert sorted(shipped_lexicon().found_in(text)) == sorted(words)


def test_shipped__words__cover_four_trades_in_both_languages() -> None:
    """A few hundred words with unique ids, known topics, and forms that each belong to one word."""
    words = shipped_words()
    trades = Counter(one.trade for one in words)
    assert trades.keys() == {"core", "retail", "finance", "telecom", "it_desk"} and min(trades.values()) >= 45
    assert len({one.id for one in words}) == len(words) >= 300
    assert {one.topic for one in words} <= TOPICS
    forms = Counter(folded(form) for one in words for form in one.words)
    assert sum(forms.values()) >= 1_800 and [form for form, times in forms.items() if times > 1] == []


def test_shipped__every_declaration__passes_the_check_of_tenants_words() -> None:
    """What we ship would be taken from a tenant too."""
    raw = [
        {"id": one.id, "name": {"zh": one.name.zh, "en": one.name.en}, "words": list(one.words)}
        for one in shipped_words()
    ]
    assert [mistake for one in raw for mistake in word_list_mistakes(one, str(one["id"]))] == []


def test_shipped__each_form__is_found_as_its_own_word() -> None:
    """No form is hidden behind another: said alone, it is its word."""
    lexicon = shipped_lexicon()
    hidden = [(one.id, form) for one in shipped_words() for form in one.words if one.id not in lexicon.found_in(form)]
    assert hidden == []


def test_form__within_a_longer_word__is_not_it() -> None:
    """A Latin form matches whole words, with a plural; a Chinese one matches anywhere."""
    lexicon = Lexicon([word("fund", "fund"), word("refund", "refund"), word("tui", "退款")])
    assert lexicon.found_in("refund") == {"refund"}
    assert lexicon.found_in("funds, please") == {"fund"}
    assert lexicon.found_in("funding") == frozenset()
    assert lexicon.found_in("我要退款吗") == {"tui"}


def test_form__longest__takes_its_characters() -> None:
    """退款未到账 is one question and not also 退款."""
    lexicon = Lexicon([word("refund", "退款"), word("late", "退款未到账")])
    assert lexicon.found_in("退款未到账") == {"late"}
    assert lexicon.found_in("退款未到账，我要退款") == {"late", "refund"}


def test_own_word__with_a_shipped_form__takes_it() -> None:
    """A tenant's own word goes before a shipped one, and one with a shipped id replaces it."""
    own = lexicon_with([word("our_refund", "退款"), word("invoice", "收据")])
    assert own.found_in("退款") == {"our_refund"}
    assert own.found_in("收据") == {"invoice"} and own.found_in("发票") == frozenset()


@given(st.text(max_size=300))
def test_text__any__yields_declared_ids_only(text: str) -> None:
    """Whatever somebody types, nothing but ids of declared words comes out."""
    assert shipped_lexicon().found_in(text) <= shipped_lexicon().words.keys()


@given(st.text(alphabet="xyz 13900001234", max_size=40), st.sampled_from(["退款", "登录不了", "蓝屏"]))
def test_text__around_a_chinese_word__does_not_hide_it(around: str, said: str) -> None:
    """A word is found wherever it stands, and what stands around it adds none."""
    expected = shipped_lexicon().found_in(said)
    assert shipped_lexicon().found_in(f"{around}，{said}，{around}") == expected | shipped_lexicon().found_in(around)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (["13900001234"], ["personal_word"]),
        (["a@b.cn", "退款"], ["personal_word"]),
        (["身份证330106199003141234"], ["personal_word"]),
        (["退"], ["bad_word"]),
        (["12315"], []),
    ],
)
def test_own_word__that_reads_like_somebodys__is_refused(words: list[str], codes: list[str]) -> None:
    """A number or an address that many people send would be somebody's; a hotline is nobody's."""
    raw = {"id": "own", "name": {"zh": "一", "en": "one"}, "words": words}
    assert [mistake.code for mistake in word_list_mistakes(raw, "own")] == codes

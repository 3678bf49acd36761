"""The key facts of a message in Chinese or English: orders, products, demands, amounts, and by when.

Every pattern is one of ours, none has a repeat within a repeat, and what is read is bounded: a text costs what it is
long. An order's number that reads like a phone's or a card's is none, unless ``hidden`` turns it into a reference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from chalicelib.kernel.moments import Millis
from chalicelib.privacy.plain import is_plain_ref
from chalicelib.tickets.deadlines import deadline_in
from chalicelib.tickets.model import Amount, Facts, Kind
from chalicelib.tickets.numbers import CHINESE, number_of
from chalicelib.tickets.words import Found, words_in

LONGEST_READ = 8_000
_MOST = 5
"""Orders, products and amounts that are kept of one message."""
_ORDER = re.compile(
    r"(?:订单编号|订单号码|订单号|订单|单号|流水号|order number|order no\.?|order id|order|purchase)"
    r"[\s:：#＃是为is-]{0,6}([a-z0-9][a-z0-9_-]{2,39})(?![a-z0-9])"
)
_NUMBER = r"(\d{1,9}(?:,\d{3}){0,3}(?:\.\d{1,2})?)"
_MONEY = re.compile(
    rf"(?P<sign>[¥$€£])\s?{_NUMBER}(?!\d)"
    rf"|(?<![\d.,]){_NUMBER}\s?(?P<wan>万)?(?P<unit>元|块钱|块|人民币|rmb|cny|yuan|usd|dollars?|eur|euros?|gbp|pounds?)(?![a-z])"
    rf"|(?<![{CHINESE}])(?P<chinese>[{CHINESE}]{{1,8}})\s?(?:元|块钱|块)"
)
_CURRENCIES: Mapping[str, str] = {
    **dict.fromkeys(("¥", "元", "块钱", "块", "人民币", "rmb", "cny", "yuan"), "CNY"),
    **dict.fromkeys(("$", "usd", "dollar", "dollars"), "USD"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "EUR"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds"), "GBP"),
}
_NO = (
    "不要",
    "不用",
    "不想",
    "不需要",
    "别",
    "无需",
    "don't want",
    "do not want",
    "no need for",
    "not asking for",
    "not",
)
_NO_REACHES = 16
_KINDS: Mapping[str, Kind] = {
    "complaint": "complaint",
    **dict.fromkeys(("refund", "return", "after_sales"), "after_sales"),
    **dict.fromkeys(("fault", "signal", "broadband"), "fault"),
    **dict.fromkeys(("access", "hardware", "software", "network"), "it_demand"),
}
"""Topic → the kind of ticket that it makes, where the message does not say more."""
_OF_COMPLAINTS = frozenset({"apology", "compensation"})
_OF_AFTER_SALES = frozenset({"refund", "return", "exchange", "repair", "resend"})


def facts_of(text: str, now: Millis, timezone: str, hidden: Callable[[str], str] = lambda _: "") -> Facts:
    """What a message tells. ``hidden``: a reference for an order's number that must not stand in clear; '' drops it."""
    read = plain(text)
    found = list(words_in(read))
    return Facts(
        orders=_first(_orders(text, read, hidden)),
        products=_first(one.name for one in found if one.list == "product"),
        demands=_first(one.name for one in found if one.list == "demand" and not _is_denied(read, one)),
        amounts=_first(_amounts(read)),
        deadline=deadline_in(read, now, timezone),
    )


def kind_of(text: str, topic: str, facts: Facts) -> Kind:
    """The kind of ticket that a message makes. Who says that they complain does, whatever it is about."""
    lists = {one.list for one in words_in(plain(text))}
    if topic == "complaint" or _OF_COMPLAINTS & set(facts.demands) or "complaint" in lists:
        return "complaint"
    if topic in _KINDS:
        return _KINDS[topic]
    if _OF_AFTER_SALES & set(facts.demands):
        return "after_sales"
    if "suggestion" in lists:
        return "suggestion"
    return "callback" if "callback" in facts.demands else "consult"


def plain(text: str) -> str:
    """The text as it is read: full-width forms, case and typographic apostrophes made one, cut to what is read."""
    return unicodedata.normalize("NFKC", text[:LONGEST_READ]).casefold().replace("\u2019", "'")[:LONGEST_READ]


def _first[T](many: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(many))[:_MOST]


def _orders(text: str, read: str, hidden: Callable[[str], str]) -> Iterator[str]:
    # Numbers are written in capitals and found in small letters: the writing is taken from the text where it is the same.
    original = unicodedata.normalize("NFKC", text[:LONGEST_READ])[:LONGEST_READ]
    aligned = len(original) == len(read)
    for match in _ORDER.finditer(read):
        start, end = match.span(1)
        number = original[start:end] if aligned else match[1].upper()
        if not any(one.isdigit() for one in number):
            continue
        kept = number if is_plain_ref(number) else hidden(number)
        if kept:
            yield kept


def _amounts(read: str) -> Iterator[Amount]:
    for match in _MONEY.finditer(read):
        if match["chinese"]:
            number = number_of(match["chinese"])
            if number:
                yield Amount(str(number), "CNY")
            continue
        value = (match[2] or match[3]).replace(",", "")
        if match["wan"]:
            value = f"{(Decimal(value) * 10_000).normalize():f}"
        yield Amount(value, _CURRENCIES[match["sign"] or match["unit"]])


def _is_denied(read: str, found: Found) -> bool:
    """Whether the words before it say that it is just not wanted: "I don't want a refund, I want a repair"."""
    before = read[max(0, found.at - _NO_REACHES) : found.at]
    for stop in "，。！？；,.!?;但而":
        before = before.rpartition(stop)[2]
    return any(one in before for one in _NO)

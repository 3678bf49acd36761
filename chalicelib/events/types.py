"""The registry of event types, and the fields each carries whatever channel it came through.

A type is ``object.verb`` in the past tense. A field's kind says how it is read (``channels.shape``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

CUSTOM = "custom."
"""Prefix of types that nobody registered; they are kept, and rules may count them."""

NAMESPACES: tuple[str, ...] = (
    "user_id",
    "member_id",
    "employee_id",
    "phone",
    "email",
    "wechat_unionid",
    "wechat_openid",
    "whatsapp",
    "line",
    "telegram",
    "anonymous_id",
    "device",
)
"""Every identifier namespace, the strongest anchor first."""

CHANNELS = frozenset({"web", "app", "wechat", "phone", "sms", "email", "web_chat", "desk", "shop", "api", "other"})

TOPICS = frozenset(
    {
        "logistics",
        "refund",
        "return",
        "invoice",
        "payment",
        "product_question",
        "after_sales",
        "account",
        "promotion",
        "complaint",
        "usage",
        "fault",
        "loan",
        "card",
        "investment",
        "insurance",
        "repayment",
        "fraud",
        "fee",
        "bill",
        "tariff",
        "signal",
        "broadband",
        "roaming",
        "porting",
        "access",
        "hardware",
        "software",
        "network",
        "renewal",
        "price_change",
        "outage",
        "security",
        "operation",
        "request",
        "demand",
        "suggestion",
        "consult",
        "other",
    }
)

type Fields = Mapping[str, str]
"""Field name → kind: id, text, amount, currency, count, seconds, score, flag, topic, moment, word."""

_ORDER: Fields = {
    "order_id": "id",
    "amount": "amount",
    "currency": "currency",
    "items": "count",
    "category": "text",
    "reason": "text",
    "discount": "amount",
    "payment_method": "word",
    "gift": "flag",
}
_MESSAGE: Fields = {"text": "text", "conversation_id": "id", "topic": "topic"}
_CONVERSATION: Fields = {
    "conversation_id": "id",
    "topic": "topic",
    "resolved": "flag",
    "waited_seconds": "seconds",
    "agent_id": "id",
}
_CALL: Fields = {"call_id": "id", "duration_seconds": "seconds", "topic": "topic", "waited_seconds": "seconds"}
_TICKET: Fields = {
    "ticket_id": "id",
    "topic": "topic",
    "priority": "word",
    "kind": "word",
    "system": "word",
    "text": "text",
    "agent_id": "id",
}
_SUBSCRIPTION: Fields = {"plan": "text", "ends_at": "moment"}
_CONSENT: Fields = {"purpose": "word", "version": "id", "proof": "id"}
_MONEY: Fields = {"amount": "amount", "currency": "currency"}
_BILL: Fields = {
    "bill_id": "id",
    "product": "word",
    **_MONEY,
    "due_at": "moment",
    "automatic": "flag",
    "partial": "flag",
}
_INVESTMENT: Fields = {"product": "word", **_MONEY, "risk": "word", "recurring": "flag", "ends_at": "moment"}
_REQUEST: Fields = {"request_id": "id", "kind": "word", "system": "word"}

_FAMILIES: tuple[tuple[str, str, Fields], ...] = (
    ("profile", "described", {}),
    ("session", "started", {}),
    ("page", "viewed", {"path": "text", "category": "text"}),
    ("search", "performed", {"query": "text"}),
    ("message", "received sent", _MESSAGE),
    ("conversation", "opened closed transferred", _CONVERSATION),
    ("call", "started ended", _CALL),
    ("ticket", "opened assigned replied resolved reopened closed escalated breached chased", _TICKET),
    ("complaint", "filed", _TICKET),
    ("survey", "answered", {"score": "score", "ticket_id": "id", "text": "text", "subject": "word"}),
    ("order", "placed paid shipped delivered refunded cancelled", _ORDER),
    (
        "payment",
        "failed",
        {"order_id": "id", "amount": "amount", "currency": "currency", "reason": "text"},
    ),
    (
        "cart",
        "updated",
        {"amount": "amount", "currency": "currency", "items": "count", "category": "text"},
    ),
    ("subscription", "started expiring ended", _SUBSCRIPTION),
    ("price", "changed", {"amount": "amount", "currency": "currency"}),
    ("feature", "used", {"feature": "text"}),
    ("bill", "issued paid overdue", _BILL),
    ("card", "issued used blocked", {"kind": "word", **_MONEY, "abroad": "flag"}),
    ("transfer", "sent received", {"kind": "word", **_MONEY, "abroad": "flag"}),
    ("investment", "bought redeemed maturing", _INVESTMENT),
    ("loan", "applied approved declined repaid", {"product": "word", **_MONEY, "early": "flag"}),
    ("insurance", "bought claimed settled", {"product": "word", **_MONEY}),
    ("alert", "raised", {"kind": "word", "system": "word"}),
    ("usage", "recorded exceeded", {"kind": "word", "quantity": "count", "roaming": "flag"}),
    ("plan", "changed expiring", {"plan": "text", "direction": "word", "ends_at": "moment"}),
    ("topup", "made", _MONEY),
    ("porting", "requested", {"direction": "word"}),
    ("outage", "reported ended", {"outage_id": "id", "kind": "word", "system": "word"}),
    ("appointment", "kept missed", {"kind": "word", "missed_by": "word"}),
    ("account", "locked", {"system": "word"}),
    ("password", "reset", {"system": "word"}),
    ("request", "submitted approved rejected", _REQUEST),
    ("course", "completed", {"course": "text"}),
    ("consent", "granted withdrawn", _CONSENT),
    ("agent", "presence_changed", {}),
)

EVENT_TYPES: Mapping[str, Fields] = MappingProxyType(
    {
        f"{subject}.{verb}": MappingProxyType(dict(fields))
        for subject, verbs, fields in _FAMILIES
        for verb in verbs.split()
    }
)
"""Every registered type and its fields."""

_BY_WORDS = {name.replace(".", "_"): name for name in EVENT_TYPES}
_CUSTOM_NAME = re.compile(r"custom\.\w{1,64}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"\W+")


def is_type(name: str) -> bool:
    """Whether a canonical event may have this type: registered, or ``custom.`` and a word."""
    return name in EVENT_TYPES or _CUSTOM_NAME.fullmatch(name) is not None


def words_of(name: str) -> str:
    """A sender's event name as one lower-case word: ``Order Completed`` → ``order_completed``.

    Letters of every script stay, so that names in Chinese remain names.
    """
    return _NOT_WORD.sub("_", _CAMEL.sub("_", name)).strip("_").lower()


def type_from_words(name: str) -> str:
    """Our own type in words (``Complaint Filed`` → ``complaint.filed``), else a custom one."""
    if is_type(name):
        return name
    words = words_of(name)
    return _BY_WORDS.get(words) or CUSTOM + (words[:64].strip("_") or "unnamed")


def fields_of(name: str) -> Fields:
    """The canonical fields of a type; a custom one has none of its own."""
    return EVENT_TYPES.get(name, _NO_FIELDS)


_NO_FIELDS: Fields = MappingProxyType({})

"""Sentences of a policy with the values of a call in them: ``{orders.undelivered_days}``, ``{intent.name}``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from chalicelib.kernel.texts import Text
from chalicelib.routing.facts import Facts, value_at
from chalicelib.routing.policy_paths import PLACEHOLDER
from chalicelib.routing.words import name_of

_SENTENCES_KEPT = 2_048
_LEVELS = {
    "low": Text("低", "low"),
    "normal": Text("一般", "normal"),
    "high": Text("高", "high"),
    "critical": Text("危急", "critical"),
}
_CHANNELS = {
    "web": Text("网页", "the web site"),
    "app": Text("App", "the app"),
    "wechat": Text("微信", "WeChat"),
    "phone": Text("电话", "phone"),
    "sms": Text("短信", "SMS"),
    "email": Text("邮件", "e-mail"),
    "web_chat": Text("在线聊天", "web chat"),
    "desk": Text("服务台", "the desk"),
    "shop": Text("门店", "the shop"),
    "api": Text("接口", "the API"),
}
_UNKNOWN = Text("未知", "unknown")


def render(says: Text, facts: Facts) -> Text:
    """The sentence in both languages with every placeholder replaced."""
    if "{" not in says.zh and "{" not in says.en:
        return says
    return Text(zh=_filled(says.zh, facts, "zh"), en=_filled(says.en, facts, "en"))


def _filled(sentence: str, facts: Facts, language: str) -> str:
    parts = list(_parts(sentence))
    for place in range(1, len(parts), 2):
        parts[place] = _shown(parts[place], facts, language)
    return "".join(parts)


@lru_cache(maxsize=_SENTENCES_KEPT)
def _parts(sentence: str) -> tuple[str, ...]:
    """The sentence taken apart: text, path, text, path … text."""
    return tuple(PLACEHOLDER.split(sentence))


def _shown(path: str, facts: Facts, language: str) -> str:
    if path == "intent.name":
        intent = facts["intent"]["id"]
        name = name_of(intent) or (Text(intent, intent) if intent != "unknown" else _UNKNOWN)
    elif path == "intent.because":
        return _because(facts["intent"].get("evidence") or (), language)
    elif path == "urgency.name":
        name = _LEVELS[facts["urgency"]["level"]]
    elif path == "channel.name":
        name = _CHANNELS.get(facts["channel"], Text(facts["channel"], facts["channel"]))
    else:
        return _value(value_at(facts, path), language)
    return name.zh if language == "zh" else name.en


def _because(words: Iterable[str], language: str) -> str:
    """The words that spoke for the intent, in brackets; nothing where it was not read from words."""
    if language == "zh":
        told = "".join(f"“{word}”" for word in words)
        return f"（依据{told}）" if told else ""
    told = ", ".join(f'"{word}"' for word in words)
    return f" (by {told})" if told else ""


def _value(value: Any, language: str) -> str:
    if value is None:
        return _UNKNOWN.zh if language == "zh" else _UNKNOWN.en
    return f"{value:g}" if isinstance(value, float) else str(value)

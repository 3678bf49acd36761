"""Sentences of a policy with the values of a call in them: ``{orders.undelivered_days}``, ``{intent.name}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from chalicelib.kernel.texts import Text
from chalicelib.routing.facts import Facts
from chalicelib.routing.model import UNKNOWN_INTENT
from chalicelib.routing.policy_reads import PLACEHOLDER
from chalicelib.routing.words import name_of

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


type Shown = tuple[str, str]
"""A value as it is shown in Chinese and in English."""


class Sentence:
    """A sentence of a policy, taken apart once."""

    def __init__(self, says: Text) -> None:
        self.says = says
        paths = dict.fromkeys(PLACEHOLDER.findall(says.zh) + PLACEHOLDER.findall(says.en))
        self.is_fixed = not paths
        self._shown = [(path, _NAMES.get(path) or partial(_value, *stem_of(path))) for path in paths]
        self._zh, self._en = _template(says.zh), _template(says.en)

    def told(self, facts: Facts) -> Text:
        """The sentence in both languages with every placeholder replaced."""
        if self.is_fixed:
            return self.says
        zh, en = {}, {}
        for path, show in self._shown:
            zh[path], en[path] = show(facts)
        return Text(self._zh % zh, self._en % en)


def stem_of(path: str) -> tuple[str, tuple[str, ...]]:
    """The first part of a path, and those below it."""
    stem, *below = path.split(".")
    return stem, tuple(below)


def _template(sentence: str) -> str:
    """The sentence as ``%`` fills it in by path."""
    return PLACEHOLDER.sub(r"%(\1)s", sentence.replace("%", "%%"))


def _intent(facts: Facts) -> Shown:
    intent: str = facts["intent"]["id"]
    name = name_of(intent) or (Text(intent, intent) if intent != UNKNOWN_INTENT else _UNKNOWN)
    return name.zh, name.en


def _because(facts: Facts) -> Shown:
    """The words that spoke for the intent, in brackets; nothing where it was not read from words."""
    words = facts["intent"].get("evidence")
    if not words:
        return "", ""
    zh, en = "".join(f"“{word}”" for word in words), ", ".join(f'"{word}"' for word in words)
    return f"（依据{zh}）", f" (by {en})"


def _urgency(facts: Facts) -> Shown:
    name = _LEVELS[facts["urgency"]["level"]]
    return name.zh, name.en


def _channel(facts: Facts) -> Shown:
    channel: str = facts["channel"]
    name = _CHANNELS.get(channel)
    return (channel, channel) if name is None else (name.zh, name.en)


def _value(stem: str, below: tuple[str, ...], facts: Facts) -> Shown:
    value = facts.get(stem)
    for part in below:
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return _UNKNOWN.zh, _UNKNOWN.en
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text, text


_NAMES: Mapping[str, Callable[[Facts], Shown]] = {
    "intent.name": _intent,
    "intent.because": _because,
    "urgency.name": _urgency,
    "channel.name": _channel,
}

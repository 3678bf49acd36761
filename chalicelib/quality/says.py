"""Why a source is not well, in a sentence of each language."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.quality.shape import Missing
from chalicelib.tags.health import State

_NAMED = 3
"""So many are named; of the others it is said how many there are."""


def says(
    source: str, state: State, since: Millis | None, gone: Sequence[Missing], drifts: Sequence[tuple[str, float]]
) -> Text:
    """One sentence about a source in this state; it holds names of types and fields, and no value."""
    at = "" if since is None else format_moment(since)[:16] + "Z"
    if state == "silent":
        return Text(
            zh=f"来源 {source} 自 {at} 起没有事件，按它平时的规律早该有了。",
            en=f"Nothing has come from {source} since {at}; by its usual week something should have.",
        )
    if state == "changed":
        named = [(_name(one.name), f"{one.share:.0%}", f"{one.usual:.0%}") for one in gone]
        zh = "、".join(f"{name}（{now}，平时 {usual}）" for name, now, usual in named[:_NAMED])
        en = ", ".join(f"{name} ({now}, usually {usual})" for name, now, usual in named[:_NAMED])
        return _listed(f"来源 {source} 的事件缺少平时都有的内容：", zh, f"Events of {source} lack: ", en, len(named))
    if state == "drifting":
        zh = "、".join(f"{_name(name)}（PSI {index:.2f}）" for name, index in drifts[:_NAMED])
        en = ", ".join(f"{_name(name)} (PSI {index:.2f})" for name, index in drifts[:_NAMED])
        return _listed(f"来源 {source} 的取值分布偏离平时：", zh, f"Values of {source} have shifted: ", en, len(drifts))
    return Text(zh=f"来源 {source} 正常。", en=f"{source} is well.")


def _listed(zh_before: str, zh: str, en_before: str, en: str, count: int) -> Text:
    more_zh, more_en = (f"等 {count} 项", f" and {count - _NAMED} more") if count > _NAMED else ("", "")
    return Text(zh=f"{zh_before}{zh}{more_zh}。", en=f"{en_before}{en}{more_en}.")


def _name(name: str) -> str:
    return name.replace("|t.", " ").replace("|", " ")

"""The sentence that says why a tag is set or not, in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.kernel.texts import Text


def says(
    name: Text,
    *,
    true: Sequence[Text],
    implied_by: Sequence[Text],
    pinned: bool | None,
    rival: Text | None,
    is_set: bool,
    broken: bool,
    faded: bool,
    switched_off: bool,
) -> Text:
    """One sentence; what weighs most is said first: a person's word, a broken rule, another tag, then the signals."""
    if pinned is not None:
        return _by_a_person(name, pinned)
    if switched_off:
        return Text(
            zh=f"“{name.zh}”的规则因运行超限已被停用，重新发布后才会再判断。",
            en=f"The rule of “{name.en}” ran over its budget and is switched off until it is published anew.",
        )
    if is_set and implied_by:
        return Text(
            zh=f"标记为“{name.zh}”：因为已有“{'”“'.join(one.zh for one in implied_by)}”。",
            en=f"Tagged “{name.en}”, because of “{'”, “'.join(one.en for one in implied_by)}”.",
        )
    if broken:
        return Text(
            zh=f"“{name.zh}”的规则无法计算，标签未作判断。",
            en=f"The rule of “{name.en}” could not be evaluated; nothing is said about it.",
        )
    return _by_signals(name, true, rival, is_set=is_set, faded=faded)


def not_judged(name: Text) -> Text:
    """Why nobody judged whether somebody has a tag; not which of the causes it was."""
    return Text(
        zh=f"未判断“{name.zh}”：此人不参与画像（本人拒绝、已限制处理，或未满14岁）。",
        en=f"“{name.en}” was not judged: this person is not profiled (they object, are restricted, or are under 14).",
    )


def _by_signals(name: Text, true: Sequence[Text], rival: Text | None, *, is_set: bool, faded: bool) -> Text:
    zh, en = "；".join(text.zh for text in true), "; ".join(text.en for text in true)
    if is_set:
        return Text(zh=f"标记为“{name.zh}”：{zh}。", en=f"Tagged “{name.en}”: {en}.")
    if rival is not None:
        return Text(
            zh=f"符合“{name.zh}”（{zh}），但同组中“{rival.zh}”的依据更充分。",
            en=f"Matches “{name.en}” ({en}), but “{rival.en}” of the same group is surer.",
        )
    if faded:
        return Text(
            zh=f"曾符合“{name.zh}”（{zh}），但依据已过时。",
            en=f"Once matched “{name.en}” ({en}), but the evidence is too old.",
        )
    if true:
        return Text(
            zh=f"未标记“{name.zh}”：只有{zh}，不足以达到阈值。",
            en=f"Not tagged “{name.en}”: only {en}; below the threshold.",
        )
    return Text(zh=f"未标记“{name.zh}”：没有任何依据。", en=f"Not tagged “{name.en}”: no sign of it.")


def _by_a_person(name: Text, value: bool) -> Text:
    if value:
        return Text(zh=f"标记为“{name.zh}”：由人工设定。", en=f"Tagged “{name.en}”: a person set it.")
    return Text(zh=f"未标记“{name.zh}”：已由人工排除。", en=f"Not tagged “{name.en}”: a person denied it.")

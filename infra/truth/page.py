"""The page that says how true profiles are: figures per scenario, every tag, and the worst ones with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.tags.model import TagRule
from infra.package import ROOT
from infra.truth.reasons import REASONS
from infra.truth.scoring import Overall, Verdict, Verdicts, overall
from infra.truth.truths import truths

FILE = ROOT / "docs" / "understand" / "accuracy.md"
PICTURE = ROOT / "docs" / "images" / "accuracy.svg"
LEAST_ACCURACY = 0.95
WORST = 25

_HEAD = """# How true profiles are

`make truth` invents people whose truth is known, lets them live, and asks what their profiles say of them. This page is what it wrote.

Each person has hidden traits: a channel, hours and a week of its own, a temper, what it minds, how it pays, what it
owns, when it leaves. From these it lives 90 days, one after the other, on a past of up to 380 days, at a shop, a bank, a
network or a company's IT desk. What it does stands in a ledger. Systems tell the ledger as canonical events, and the events
go the way they always go: checks, normalisation, measures, contributions, fold, join, rules.

What is true is judged apart from that, in plain Python, from the ledger and the hidden traits. No rule, measure or engine is
looked at. A *fact* is what happened (a complaint is open, three orders were paid). A *trait* is what somebody is (minds prices,
lives at night); it counts where it was lived lately, because of somebody who was not in touch nobody can say how they get in touch.
Where a meaning says "lately" and no number, the judge takes about the time that the tag is declared to last.

One judgement is one person and one tag: yes or no. People are judged by the tags of every trade and of their own. Accuracy is the
share of judgements that are right. As most tags are absent in most people, micro-F1 says more: it counts only tags that are true or said.
Exit status is non-zero when accuracy is below 95% in any scenario but those where a source is silent or events are lost.
"""


def page(
    made: str,
    seeds: Iterable[int],
    people: int,
    events: int,
    all_: Mapping[str, Verdicts],
    rules: Mapping[str, TagRule],
) -> str:
    """The page, in Markdown."""
    named = ", ".join(map(str, seeds))
    clean = next(iter(all_.values()))
    lines = [
        _HEAD,
        f"Made on {made} with the seeds {named}: {people:,} people, {events:,} events.\n",
        "![Accuracy and micro-F1 per scenario](../images/accuracy.svg)\n",
        "## Per scenario\n",
        "| Scenario | Accuracy | Micro precision | Micro recall | Micro-F1 | Macro-F1 | Judgements | Wrong |",
        "|---|---|---|---|---|---|---|---|",
        *(_scenario(name, overall(verdicts)) for name, verdicts in all_.items()),
        "",
        _NOTES,
        "## What knowing of the silence changes\n",
        *_silences(all_),
        "",
        "## Per trade, class and kind of truth, all well\n",
        "| Of | Tags | Accuracy | Micro-F1 | Macro-F1 |",
        "|---|---|---|---|---|",
        *_parts(clean, rules),
        "",
        f"## The {WORST} worst tags, all well\n",
        "| Tag | True of | Said of | Both | F1 | Why |",
        "|---|---|---|---|---|---|",
        *(_worst(tag, one) for tag, one in sorted(clean.items(), key=lambda row: (-row[1].wrong, row[0]))[:WORST]),
        "",
        "## Every tag, all well\n",
        "| Tag | Truth | True of | Said of | Precision | Recall |",
        "|---|---|---|---|---|---|",
        *(_tag(tag, clean[tag]) for tag in sorted(clean)),
        "",
    ]
    return "\n".join(lines)


_BELIEVED, _WEIGHED = "believed all the same", "down-weighted"
_SILENCE = """The silence is noticed by the detection that ships, from what arrived. What the source alone feeds is then
read, over 30 days and more, as of when it fell silent, and what rests on it is less sure; `why` names the source, the factor and the reason. Tags
that rest on how often somebody comes within a month gain by it. What somebody needed in the last days is not held: most of it would have ended in
the week of which nothing is known (holding it, too, made more people wrong). In sum about as many judgements are right as without. What is gained
is that a doubtful tag says that it is one: its confidence falls to about 70%.
"""

_NOTES = """The days in between and their hours are drawn by the seed. At the end of day 90 a UTC day is two thirds over, so windows of
whole UTC days and the true last days differ as they do in life. Late events arrive up to ten days late; those that have not arrived when
the profile is read are missing. Broken ones are refused by the checks. In *the whole way* the events of fewer people go through doors, sealed queue,
ingestion with its markers and quarantine, and stores in memory. Where a source is silent, truth goes on and nothing of the last
seven days arrives from it: *believed* reads on as if nothing was the matter, *down-weighted* knows it.
"""


def _scenario(name: str, one: Overall) -> str:
    figures = (one.accuracy, one.micro.precision, one.micro.recall, one.micro.f1, one.macro_f1)
    return f"| {name} | {' | '.join(f'{figure:.2%}' for figure in figures)} | {one.judgements:,} | {one.wrong:,} |"


def _parts(clean: Verdicts, rules: Mapping[str, TagRule]) -> Iterable[str]:
    known = truths()
    groups: dict[str, set[str]] = {}
    for tag in clean:
        trades = rules[tag].trades
        for name in (
            f"trade: {trades[0] if len(trades) == 1 else 'every'}",
            f"class: {rules[tag].class_}",
            f"dimension: {rules[tag].dimension}",
            f"truth: {known[tag].kind}",
        ):
            groups.setdefault(name, set()).add(tag)
    for name in sorted(groups):
        one = overall(clean, groups[name].__contains__)
        yield f"| {name} | {one.tags} | {one.accuracy:.2%} | {one.micro.f1:.2%} | {one.macro_f1:.2%} |"


def _silences(all_: Mapping[str, Verdicts]) -> Iterable[str]:
    """For each silent source, the tags of which more and of which fewer judgements are right when it is known."""
    yield _SILENCE
    yield "| Source | Wrong when believed | Wrong when down-weighted | Better | Worse |"
    yield "|---|---|---|---|---|"
    for name in all_:
        if not name.endswith(_BELIEVED):
            continue
        source = name.partition(" ")[0]
        before, after = all_[name], all_[name.removesuffix(_BELIEVED) + _WEIGHED]
        turned = sorted((after[tag].wrong - before[tag].wrong, tag) for tag in before)
        better = ", ".join(f"`{tag}` {change:+}" for change, tag in turned[:5] if change < 0)
        worse = ", ".join(f"`{tag}` {change:+}" for change, tag in turned[:-6:-1] if change > 0)
        yield f"| {source} | {overall(before).wrong} | {overall(after).wrong} | {better} | {worse} |"


def _worst(tag: str, one: Verdict) -> str:
    return f"| `{tag}` | {one.true} | {one.said} | {one.both} | {one.counted.f1:.2f} | {REASONS.get(tag, 'not looked into')} |"


def _tag(tag: str, one: Verdict) -> str:
    precision = f"{one.counted.precision:.2f}" if one.said else "–"
    recall = f"{one.counted.recall:.2f}" if one.true else "–"
    return f"| `{tag}` | {truths()[tag].kind} | {one.true} | {one.said} | {precision} | {recall} |"


def picture(all_: Mapping[str, Verdicts]) -> str:
    """Two bars per scenario, from 80% to 100%, with the bound."""
    row, left, wide = 44, 330, 420
    height = 50 + row * len(all_)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 70} {height}" font-family="sans-serif" font-size="13" role="img">',
        "<title>Accuracy and micro-F1 per scenario</title>",
        f'<rect width="{left + wide + 70}" height="{height}" fill="#fff"/>',
        '<text x="12" y="22">accuracy <tspan fill="#1b6e8c">■</tspan>  micro-F1 <tspan fill="#e0a13a">■</tspan>, from 80% to 100%</text>',
    ]
    for place, (name, verdicts) in enumerate(all_.items()):
        one, top = overall(verdicts), 40 + place * row
        parts.append(f'<text x="12" y="{top + 19}">{name}</text>')
        for offset, share, colour in ((0, one.accuracy, "#1b6e8c"), (15, one.micro.f1, "#e0a13a")):
            length = max(0.0, (share - 0.8) / 0.2) * wide
            parts.append(f'<rect x="{left}" y="{top + offset}" width="{length:.0f}" height="13" fill="{colour}"/>')
            parts.append(f'<text x="{left + length + 6:.0f}" y="{top + offset + 11}" font-size="11">{share:.1%}</text>')
    bound = left + (LEAST_ACCURACY - 0.8) / 0.2 * wide
    parts.append(
        f'<line x1="{bound:.0f}" y1="32" x2="{bound:.0f}" y2="{height - 8}" stroke="#b00" stroke-dasharray="4 3"/>'
    )
    return "\n".join([*parts, "</svg>", ""])

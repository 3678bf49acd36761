"""The page that says how agents are chosen and how good that is, with its picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from random import Random

from chalicelib.simulation.intervals import Interval, difference, interval
from infra.desk.routers import ROUTERS, ZHIYIN
from infra.desk.run import HINDSIGHT, Outcome
from infra.desk.staff import AGENTS
from infra.desk.world import WARM_UP_DAYS
from infra.package import ROOT

FILE = ROOT / "docs" / "understand" / "desk.md"
PICTURE = ROOT / "docs" / "images" / "desk.svg"
LEAST_NEAR = 0.95
SHOWN = ("near", "resolved", "vip_wait", "wait")

FIGURES: dict[str, tuple[str, str, float]] = {
    "near": ("within 5% of the best of the moment", "%", 1),
    "near_chosen": ("the same, where there was a choice", "%", 1),
    "of_best": ("score, of the best possible", "%", 1),
    "resolved": ("resolved at the first contact", "%", 1),
    "vip_wait": ("VIP wait", "s", -1),
    "regular_wait": ("regular customers' wait", "s", -1),
    "wait": ("mean wait", "s", -1),
    "wait_90": ("90th wait", "s", -1),
    "in_time": ("answered in time", "%", 1),
    "hung_up": ("hung up", "%", -1),
    "transferred": ("transferred", "%", -1),
    "csat": ("satisfaction, 1 to 5", "", 1),
    "jain": ("evenness of load (Jain)", "", 1),
    "gini_wait": ("unevenness of wait between segments (Gini)", "", -1),
    "busy": ("agents' time busy", "%", 0),
}
"""Figure → its name, its unit, and whether more is better (1), less is (-1) or neither."""
BASELINES = tuple(one.name for one in ROUTERS[1:4])

_HEAD = f"""# How an agent is chosen

Of the agents who may answer, the desk takes the one with the highest score (`chalicelib/desk/score.py`). A score is a sum of parts, each a weight
times a value from 0 to 1. The weights stand in the policy's section `desk` and are scaled to sum to 1. A decision shows its parts.

| Part | Value | Weight |
|---|---|---|
| `skill` | proficiency / 5; 0 where somebody of an overflow queue lacks it | 0.30 |
| `load` | free share of the agent's units once they have taken it | 0.20 |
| `resolution` | shrunken share of this intent's conversations that they resolved | 0.20 |
| `csat` | shrunken mean answer to surveys on this intent, 1 to 5 as 0 to 1 | 0.08 |
| `last_agent` | 1 for whoever served this person last | 0.10 |
| `language` | 1 for who speaks what is asked for | 0.07 |
| `wait` | t / (t + 5 min), t since they were last given work | 0.05 |

**Who may answer.** Agents who are present (their lease has not run out), in shift, with room for what the channel costs, who have not declined it, and whom
the step allows: good at it at first, anybody of the queue after 20 s, of the queues it flows over to after 60 s. Equal scores go to who was given work longest ago.

**Shrunken.** Two of two resolved is no proof. An agent's record counts as (resolved + k × m) / (n + k): n conversations of theirs, m everybody's share on this
intent, k = `prior`, 20. This is the posterior mean of a beta-binomial model with its prior at everybody's mean, empirical Bayes as Efron and Morris
made it known (Stein's estimator and its competitors, JASA 1973; Stein's paradox in statistics, Scientific American 1977). An intent that nobody
has a record of goes by the record of all intents.

**Who waits** is served by `came - priority x ageing_seconds`, least first: linear ageing. Kleinrock's delay-dependent priority (A delay dependent queue discipline,
1964) lets priority grow at a rate for each class; here all grow at one rate, so that two who wait never change places, and nobody starves.

**Fairness** of load is Jain's index (Jain, Chiu, Hawe 1984): 1 where all are as busy, 1/n where one does all. Of waits between segments it is Gini's coefficient:
0 where all wait as long. A desk that serves VIPs first is uneven on purpose.

**The optimum** in hindsight is a linear assignment (`scipy.optimize.linear_sum_assignment`, a modified Jonker–Volgenant algorithm: Crouse 2016) of all contacts
of an hour and channel to the places their agents had, with the true chances known: no router that sees one contact at a time can do as well.

## A day whose truth is known

`make desk` invents {AGENTS} agents with declared skills and hidden chances to resolve each intent, which proficiency shows only in part; some work by phone, some in text, some both.
People come all day, most before noon and in the evening, by chat, phone and e-mail, and the shipped retail policy says where each is sent and how pressing
they are. A fifth of an agent is a chat, a tenth an e-mail, all of them a call. Handling times are log-normal, people hang up, 2% of offers are not answered, who lacks the skill
hands more people on. Agents' records begin empty and are learnt from {WARM_UP_DAYS} such days. Then every router plays the same next day, with the same people and the same dice.

The rule is the product's own: the simulation calls `routing.decide`, `desk.score`, `desk.ageing` and `desk.relax`. *The best of the moment* is the highest score
among all who could take it then, reckoned with the true chances in place of records. Intervals are 95% bootstrap intervals over seeds.
All routers have the same steps. *First come first served* is what desks do that do not know the person.
"""

_LIMITS = """
## What it does not show

The world is invented: its talents, peaks and tempers are guesses, and a router that learns who is good at what gains as much as agents differ. They differ here by a standard
deviation of 0.35 in all and 0.7 per intent, in logits. Agents do not slow down with several chats, nobody calls again the same day, and records do not age.
"""


def values(outcomes: Iterable[Outcome], router: str, figure: str) -> list[float]:
    """One figure of one router, seed by seed."""
    return [one.routers[router][figure] for one in outcomes]


def mean(outcomes: Sequence[Outcome], router: str, figure: str) -> Interval:
    """A figure over all seeds."""
    return interval(values(outcomes, router, figure), _dice(router, figure))


def against(outcomes: Sequence[Outcome], other: str, figure: str) -> Interval:
    """By how much Zhiyin's figure is more than another's, on the same days."""
    return difference(values(outcomes, other, figure), values(outcomes, ZHIYIN, figure), _dice(other, figure))


def shown(one: Interval, unit: str) -> str:
    """A mean with its bounds."""
    if unit == "%":
        return f"{one.mean:.1%} ({one.low:.1%} – {one.high:.1%})"
    digits = 1 if unit == "s" else 3
    unit = f" {unit}" if unit else ""
    return f"{one.mean:.{digits}f}{unit} ({one.low:.{digits}f} – {one.high:.{digits}f})"


def verdicts(outcomes: Sequence[Outcome]) -> list[tuple[str, str, Interval, str]]:
    """Baseline, figure, difference, and whether Zhiyin is surely better, surely worse, or neither."""
    found = []
    for figure, (_, _, direction) in FIGURES.items():
        for other in BASELINES if direction else ():
            one = against(outcomes, other, figure)
            sure = one.low > 0 or one.high < 0
            word = "even" if not sure else "better" if one.mean * direction > 0 else "worse"
            found.append((figure, other, one, word))
    return found


def page(made: str, machine: str, outcomes: Sequence[Outcome]) -> str:
    """The page, in Markdown."""
    seeds = ", ".join(str(one.seed) for one in outcomes)
    contacts = sum(one.contacts for one in outcomes)
    names = [one.name for one in ROUTERS]
    lines = [
        _HEAD,
        f"Made on {made} with the seeds {seeds}, {contacts:,} contacts on the days compared; {machine}.\n",
        "![Four figures of each router](../images/desk.svg)\n",
        f"| Figure | {' | '.join(names)} |",
        f"|---|{'---|' * len(names)}",
        *(
            f"| {says} | {' | '.join(shown(mean(outcomes, name, figure), unit) for name in names)} |"
            for figure, (says, unit, _) in FIGURES.items()
        ),
        "",
        *(f"- *{one.name}*: {one.says}." for one in ROUTERS),
        "\nThe last two take Zhiyin apart: what the choice of the agent gains, and what the order of waiting does.\n",
        "### Where Zhiyin loses\n",
        *losses(outcomes),
        "\n### Against the optimum\n",
        *optimum(outcomes),
        "\n### How fast it learns\n",
        "| Days of records | Within 5% of the best of the moment |",
        "|---|---|",
        *(f"| {days} | {shown(learnt(outcomes, days), '%')} |" for days in outcomes[0].learning),
        _LIMITS,
    ]
    return "\n".join(lines)


def losses(outcomes: Sequence[Outcome]) -> list[str]:
    """Sentences of every figure in which a baseline is surely better."""
    found = [
        f"- {FIGURES[figure][0]}, against {other}: {shown(one, FIGURES[figure][1])} more than it."
        if one.mean > 0
        else f"- {FIGURES[figure][0]}, against {other}: {shown(one, FIGURES[figure][1])}."
        for figure, other, one, word in verdicts(outcomes)
        if word == "worse"
    ]
    return found or ["In no figure is one of the three surely better."]


def optimum(outcomes: Sequence[Outcome]) -> list[str]:
    """What the routers and hindsight resolve at once, chance left out."""
    best = values(outcomes, HINDSIGHT, "expected")
    lines = ["| Resolved at the first contact, chance left out | Share | Of the optimum |", "|---|---|---|"]
    for name in [one.name for one in ROUTERS] + [HINDSIGHT]:
        own = values(outcomes, name, "expected")
        part = interval([ours / most for ours, most in zip(own, best, strict=True)], _dice(name, "optimum"))
        lines.append(f"| {name} | {shown(mean(outcomes, name, 'expected'), '%')} | {part.mean:.1%} |")
    return lines


def learnt(outcomes: Sequence[Outcome], days: int) -> Interval:
    """The share near the best after so many days of records."""
    return interval([one.learning[days] for one in outcomes], _dice("learning", str(days)))


def _dice(*named: str) -> Random:
    return Random("/".join(named))  # noqa: S311 - repeatable, not secret


_LEFT, _WIDE, _ROW, _PANEL = 190, 210, 22, 470


def picture(outcomes: Sequence[Outcome]) -> str:
    """Four panels, a bar per router with its interval; the bound and the optimum as lines."""
    names = [one.name for one in ROUTERS]
    tall = 60 + _ROW * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _PANEL} {2 * tall}" font-family="sans-serif" font-size="12" role="img">',
        "<title>Agents near the best, first-contact resolution and waits of each router</title>",
        f'<rect width="{2 * _PANEL}" height="{2 * tall}" fill="#fff"/>',
    ]
    for place, figure in enumerate(SHOWN):
        parts += _panel(outcomes, figure, names, (place % 2) * _PANEL, (place // 2) * tall)
    return "\n".join([*parts, "</svg>", ""])


def _panel(outcomes: Sequence[Outcome], figure: str, names: Sequence[str], left: int, top: int) -> Iterable[str]:
    says, unit, direction = FIGURES[figure]
    found = [mean(outcomes, name, figure) for name in names]
    most = max(1.0 if unit == "%" else 0.0, *(one.high for one in found))
    scale = _WIDE / most
    better = "more is better" if direction > 0 else "less is better"
    yield f'<text x="{left + 12}" y="{top + 26}" font-weight="bold">{escape(says)}</text>'
    yield f'<text x="{left + 12}" y="{top + 41}" font-size="10" fill="#555">{better}; whiskers: 95% over seeds</text>'
    for place, (name, one) in enumerate(zip(names, found, strict=True)):
        y, x = top + 52 + place * _ROW, left + _LEFT
        colour = "#1b6e8c" if name == ZHIYIN else "#b9c4c9" if name in BASELINES else "#e0a13a"
        told = f"{one.mean:.1%}" if unit == "%" else f"{one.mean:.1f} {unit}"
        middle = y + 7
        yield f'<text x="{left + 12}" y="{y + 11}">{escape(name)}</text>'
        yield f'<rect x="{x}" y="{y}" width="{one.mean * scale:.1f}" height="14" fill="{colour}"/>'
        yield f'<path d="M{x + one.low * scale:.1f} {middle}H{x + one.high * scale:.1f}" stroke="#222"/>'
        yield f'<text x="{x + one.high * scale + 6:.1f}" y="{y + 11}" font-size="11">{told}</text>'
    if figure == "near":
        yield _line(left + _LEFT + LEAST_NEAR * scale, top, len(names), "#b00")


def _line(x: float, top: int, rows: int, colour: str) -> str:
    ends = top + 52 + rows * _ROW
    return f'<line x1="{x:.0f}" y1="{top + 46}" x2="{x:.0f}" y2="{ends}" stroke="{colour}" stroke-dasharray="4 3"/>'

"""The page of segments: how they are learned and served, and how well they tell people apart whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean

from chalicelib.segments.naming import in_words
from chalicelib.segments.segmentation import Segmentation, shipped_segmentations
from chalicelib.training.segments.contest import CLEARLY, LEAST_FIDELITY, WEIGHTS
from infra.package import ROOT
from infra.segments.drift import names_of
from infra.segments.kinds import STAGES
from infra.segments.pictures import Picture
from infra.segments.run import Outcome, Told

FILE = ROOT / "docs" / "understand" / "segments.md"
IMAGES = ROOT / "docs" / "images"
OTHERS = "scores-*.svg"
"""Pictures of scores, made by their own command, stand on this page as well."""
LEAST_KEPT = 0.97
LEAST_FOLLOWED = 0.9
"""Of people of another life, the part of those whom the nearest centroids alone tell after 90 days that must be told as served."""

_HEAD = """# Learned segments

Written by `make segments`; do not edit. Everybody is put into one segment of each segmentation that is declared in
`chalicelib/segments/segmentations.json`; a tenant may declare its own, with other kinds, names and numbers of groups.

**Learning.** A scheduled job reads the features of people (`chalicelib/segments/features.json`), as rules could, and never a sealed field. Missing
values are filled, extreme ones bounded at the 0.5% and 99.5% quantiles, and all put on one scale; these columns are part of the model. Five
algorithms compete: K-means, mini-batch K-means, Gaussian mixtures, BIRCH and agglomerative clustering (the last three on samples). Each is judged by what it would
*serve*: its groups' centroids, and everybody with the nearest.

**The rule that decides.** Gates first: each group holds the declared least share; fits of resampled people find the same groups (adjusted Rand index at least as
declared); the nearest centroid puts at least {fidelity:.0%} where the algorithm did; no group is rather the opposite of its name. Of the rest, points are {weights}.
The most points win; within {clearly} of the most the earliest does, and K-means is first. Where none passes, K-means is kept and the run is held.

**Names** go by meaning. A kind declares signs: by which features its people stand out, up or down. Groups and kinds are matched so that all signs together agree best
(`scipy.optimize.linear_sum_assignment`). The next run gives the names on to the groups that most of the same people are in, by the same assignment over shares of
people. A run is held for review when more people than declared would be renamed, when the names that people keep no longer fit what the groups mean (other names
would fit clearly better, or the model before calls the middle of a group something else), or when no algorithm passed.

**Serving** is the nearest centroid in pure Python. Confidence is 1 - distance to the own centroid ÷ distance to the next. Squared distances are sums over features, so what pulls
somebody to a group and not to the next best is exact; what would move them is the least change of one feature for which another group takes them, hysteresis counted in, tried before it is told.

Somebody who is in a segment leaves it when another centroid is nearer by a declared margin (hysteresis): {hysteresis:.0%} of the way between the two past their middle, for `customers`. Who
stands near a border would otherwise change sides, and be told of, with every other event. So on which side they are may depend on when they were looked at, as since when does; who is
farther off than that is where the nearest centroid is, whatever was before. Judged twice of the same features nobody moves: a run that was killed ends in the same bytes.

**Stages** of the life of a customer go by declared rules: they are defined by time and silence, which nobody needs to learn from others.
"""

_LIMITS = """
## What it does not show

The people are invented, and their kinds differ as much as we made them: own rates within a kind vary by a log-normal factor of 0.25 and 0.2, and what happens is drawn from
them. Real people have no true kind. What is shown is that the way from events to names loses little of what is there, and stays steady.
Somebody whose 90 days were quiet by chance is told as ordinary, and rightly so: the features know no more. The time between a look and an order is no feature, because measures do
not pair events; views and searches per order stand for it. To be in none of a segmentation's groups because it is for some people only (`whom`; shoppers: two orders in 90 days) means
unknown, and is no segment.
"""


def page(
    made: str, machine: str, outcomes: Sequence[Outcome], others: Sequence[Outcome], shown: Sequence[Picture]
) -> str:
    """The page, in Markdown. ``others``: seeds that stand in one table alone."""
    hysteresis = _spec("customers").hysteresis
    weights = " + ".join(f"{weight:.2f} {name}" for name, weight in WEIGHTS.items())
    seeds = ", ".join(str(one.seed) for one in outcomes)
    made_of = (
        f"Made on {made} with the seeds {seeds}: {sum(one.people for one in outcomes):,} people of known kinds, "
        f"{sum(one.acts for one in outcomes):,} events; {machine}. {sum(one.folded for one in outcomes)} of them went through\n"
        "the product's own fold, and their features were the same. The yardsticks are `sklearn.cluster.KMeans` on the same\n"
        "features: as they are, and standardised.\n"
    )
    lines = [
        _HEAD.format(fidelity=LEAST_FIDELITY, weights=weights, clearly=CLEARLY, hysteresis=hysteresis),
        "## People whose kind is known\n",
        made_of,
        *told_table(outcomes),
        "\n### Run again on what the same people did next\n",
        *again_table(outcomes),
        *_AGAIN,
        *other_table(others),
        "\n### People who begin another life\n",
        *changed_table(outcomes),
        "\n### Stages\n",
        *stage_table(outcomes),
        "\n### Planted changes\n",
        *drift_table(outcomes),
        "\n### The contest, first seed\n",
        *contest_tables(outcomes[0]),
        "\n### What the groups are, first seed\n",
        *groups(outcomes[0]),
        "\n## Pictures\n",
        *(f"![{one.title.zh} · {one.title.en}](../images/{one.name}.svg)\n" for one in shown),
        *(f"![{path.stem}](../images/{path.name})\n" for path in sorted(IMAGES.glob(OTHERS))),
        _LIMITS,
    ]
    return "\n".join(lines)


def write(text: str, shown: Iterable[Picture], images: Path = IMAGES, file: Path = FILE) -> None:
    """Write the page and its pictures."""
    file.write_text(text)
    for one in shown:
        (images / f"{one.name}.svg").write_text(one.svg)


def told_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Adjusted Rand indices beside the yardsticks, and names."""
    yield "| Segmentation | Adjusted Rand index | raw K-means | K-means, standardised | People rightly told | Names right |"
    yield "|---|---|---|---|---|---|"
    for id_ in told_ids(outcomes):
        all_ = of(outcomes, id_)
        yield (
            f"| `{id_}` | {_span([one.ours for one in all_])} | {_span([one.raw for one in all_])} "
            f"| {_span([one.standardised for one in all_])} | {mean(one.right_people for one in all_):.1%} "
            f"| {sum(one.right_names for one in all_)} of {sum(one.names for one in all_)} |"
        )
    yield "\nMeans over seeds, with the least and the most of them. " + beside(outcomes)


def beside(outcomes: Sequence[Outcome]) -> str:
    """In how many runs K-means on standardised features does better."""
    all_ = [one for id_ in told_ids(outcomes) for one in of(outcomes, id_)]
    return f"K-means on standardised features is nearer to the truth in {sum(one.ours < one.standardised for one in all_)} of {len(all_)}."


def again_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """How many keep their name."""
    yield "| Segmentation | Days later | Keep their name | of those who live as they did | by the nearest alone | and without the model before | Stability index | Held |"
    yield "|---|---|---|---|---|---|---|---|"
    for id_ in told_ids(outcomes):
        for place, first in enumerate(of(outcomes, id_)[0].again):
            all_ = [one.again[place] for one in of(outcomes, id_)]
            yield (
                f"| `{id_}` | {first.days} | {_span([one.kept for one in all_], '%')} "
                f"| {_span([one.kept_settled for one in all_], '%')} "
                f"| {_span([one.kept_nearest for one in all_], '%')} "
                f"| {_span([one.kept_cold for one in all_], '%')} "
                f"| {_span([one.kept_model for one in all_], '%')} kept, {_span([one.adjusted_rand for one in all_])} "
                f"| {sum(bool(one.held) for one in all_)} of {len(all_)} |"
            )
    yield ""
    yield "| Segmentation | Days later | Changes of segment per 100 people | by the nearest alone | Adjusted Rand index with the truth then | by the nearest alone |"
    yield "|---|---|---|---|---|---|"
    for id_ in told_ids(outcomes):
        for place, first in enumerate(of(outcomes, id_)[0].again):
            all_ = [one.again[place] for one in of(outcomes, id_)]
            yield (
                f"| `{id_}` | {first.days} | {100 * mean(one.moves for one in all_):.1f} "
                f"| {100 * mean(one.moves_nearest for one in all_):.1f} | {_span([one.truth for one in all_])} "
                f"| {_span([one.truth_nearest for one in all_])} |"
            )


def other_table(others: Sequence[Outcome]) -> Iterator[str]:
    """The same of seeds that nothing else on the page is of."""
    if others:
        yield f"\nThe same with the seeds {', '.join(str(one.seed) for one in others)}, of which nothing else on this page is:\n"
        yield from told_table(others)
        yield ""
        yield from again_table(others)
        missed = below(others)
        yield (
            f"\nMissed with these seeds: {' '.join(missed)}" if missed else "\nEvery bound holds with these seeds, too."
        )


def changed_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """How soon people are told as what they have become."""
    yield "| Days of another life | Told as what they are now | by the nearest alone |"
    yield "|---|---|---|"
    for place, first in enumerate(outcomes[0].changed):
        all_ = [one.changed[place] for one in outcomes]
        served, nearest = [one.served for one in all_], [one.nearest for one in all_]
        yield f"| {first.days} | {_span(served, '%')} | {_span(nearest, '%')} |"
    yield (
        f"\nOf {sum(one.changed[0].people for one in outcomes):,} people of `customers` who lived as one kind up to the first day and live as another since. "
        "This is what steadiness costs: the features look back 90 days and more,\nand who really changes is told somewhat later."
    )


_AGAIN = (
    "\nOf people who are told of both times. *Keep their name*: told by the model of then of what was known then, looked at every ten days meanwhile as the product looks at",
    "them with every event, and told by the model of now of what is known now; it counts who changed by what they did as well as what the models changed. *By the nearest alone* is",
    "without hysteresis. The *stability index* is what a run says of itself: the old and the new model on the same features by the nearest alone, as share of names kept and as adjusted",
    "Rand index. After 90 days most features are of other events altogether. A tenth of people came lately, or did more or less than before when they were first told; *who live as they",
    "did* leaves them out. Some change who were told wrongly at first and are told rightly later. The margin was chosen on other seeds than those of this page",
    "(`python -m infra.segments.hysteresis`; [why](../decisions/2026-11-22-segments-have-hysteresis.md)).",
)


def stage_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """True stages against told ones."""
    people = total(outcomes)
    right = sum(people[stage].get(stage, 0) for stage in people)
    all_ = sum(sum(row.values()) for row in people.values())
    yield f"{right / all_:.1%} of {all_:,} people, of all stages alike, are told rightly.\n"
    yield f"| True \\ told | {' | '.join(STAGES)} |"
    yield f"|---|{'---|' * len(STAGES)}"
    for stage in STAGES:
        yield f"| {stage} | {' | '.join(str(people.get(stage, {}).get(told, 0)) for told in STAGES)} |"


def total(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """All seeds' stages together."""
    added: dict[str, dict[str, int]] = {}
    for one in outcomes:
        for stage, row in one.confused.items():
            for told, people in row.items():
                into = added.setdefault(stage, {})
                into[told] = into.get(told, 0) + people
    return added


def drift_table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """What is seen of each change."""
    yield "| Planted in the next month | Features that moved most (index) | Index of the segments' shares | Seen | A run on it is held |"
    yield "|---|---|---|---|---|"
    for place, first in enumerate(outcomes[0].drifts):
        all_ = [one.drifts[place] for one in outcomes]
        yield (
            f"| {first.planted} | {names_of(first.features[:3])} | {_span([one.segments for one in all_])} "
            f"| {sum(one.is_seen for one in all_)} of {len(all_)} "
            f"| {sum(bool(one.held) for one in all_)} of {len(all_)}{_reasons(one.held for one in all_)} |"
        )
    yield "\nThe population stability index of `chalicelib/segments/psi.py`; seen: 0.25 or more in a feature or in the shares."


def _reasons(held: Iterable[str]) -> str:
    found = sorted({one for one in held if one})
    return f" ({', '.join(found)})" if found else ""


def contest_tables(outcome: Outcome) -> Iterator[str]:
    """Every algorithm with every measure."""
    for id_, learned in outcome.learned.items():
        yield f"\n`{id_}`\n"
        yield "| Algorithm | Silhouette | Davies–Bouldin | Stability | Least share | Balance | Agreement | Fidelity | Points | |"
        yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
        for row in learned.contest:
            verdict = "**won**" if row.won else ", ".join(row.refused)
            yield (
                f"| {row.algorithm.replace('_', ' ')} | {row.silhouette:.3f} | {row.davies_bouldin:.2f} | {row.stability:.3f} "
                f"| {row.least_share:.1%} | {row.balance:.3f} | {row.agreement:.3f} | {row.fidelity:.1%} | {row.points:.3f} "
                f"| {verdict} |"
            )


def groups(outcome: Outcome) -> Iterator[str]:
    """Each group with its size and in words."""
    yield "| Segment | Name | People | Stands out by | Agreement |"
    yield "|---|---|--:|---|--:|"
    for id_, learned in outcome.learned.items():
        spec = _spec(id_)
        for place, name in enumerate(learned.model.segments):
            kind = spec.kind(name)
            names = f"{kind.names.zh} · {kind.names.en}" if kind else name
            words = "; ".join(text.en for text in in_words(learned.model.columns, learned.model.centroids, place, 3))
            yield f"| `{id_}.{name}` | {names} | {learned.shares[name]:.1%} | {words} | {learned.agreements[name]:.2f} |"


def _spec(id_: str) -> Segmentation:
    return shipped_segmentations()[id_]


def told_ids(outcomes: Sequence[Outcome]) -> list[str]:
    """The learned segmentations."""
    return [one.id for one in outcomes[0].told]


def of(outcomes: Sequence[Outcome], id_: str) -> list[Told]:
    """One segmentation, seed by seed."""
    return [one for outcome in outcomes for one in outcome.told if one.id == id_]


def _span(values: Sequence[float], unit: str = "") -> str:
    shown: Callable[[float], str] = (lambda one: f"{one:.1%}") if unit else (lambda one: f"{one:.3f}")
    return f"{shown(mean(values))} ({shown(min(values))} – {shown(max(values))})"


def below(outcomes: Sequence[Outcome]) -> list[str]:
    """What is not as it should be, in words."""
    return [*_below_on_the_whole(outcomes), *(found for one in outcomes for found in _below_of_seed(one))]


def _below_on_the_whole(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for id_ in told_ids(outcomes):
        ours, other = (mean(getattr(one, name) for one in of(outcomes, id_)) for name in ("ours", "standardised"))
        if ours < other:
            yield f"{id_}: {ours:.3f} is less than the {other:.3f} of K-means on standardised features."
        for place, first in enumerate(of(outcomes, id_)[0].again):
            kept = mean(one.again[place].kept for one in of(outcomes, id_))
            if kept < LEAST_KEPT:
                yield f"{id_}: {kept:.1%} keep their name after {first.days} days."
    served, nearest = (mean(getattr(one.changed[-1], name) for one in outcomes) for name in ("served", "nearest"))
    if served < LEAST_FOLLOWED * nearest:
        yield f"customers: only {served:.1%} of people of another life are told so, beside {nearest:.1%}."


def _below_of_seed(outcome: Outcome) -> Iterator[str]:
    for one in outcome.told:
        at = f"seed {outcome.seed}, {one.id}"
        if one.ours < one.raw:
            yield f"{at}: {one.ours:.3f} is less than K-means' {one.raw:.3f}."
        if one.right_names < one.names:
            yield f"{at}: only {one.right_names} of {one.names} names are right."
        for again in one.again:
            if again.kept_settled < LEAST_KEPT:
                told = f"{again.kept_settled:.1%} of those who live as they did keep their name"
                yield f"{at}: {told} after {again.days} days."
    for drift in outcome.drifts:
        if drift.is_seen == (drift is outcome.drifts[0]):
            yield f"seed {outcome.seed}: {drift.planted}, and {'it' if drift.is_seen else 'nothing'} is seen."

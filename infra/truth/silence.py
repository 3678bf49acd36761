"""What the service may know of a source that fell silent: what it fed, and since when nothing came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chalicelib.kernel.texts import Text
from chalicelib.profiles.model import Contribution
from chalicelib.tags.health import Health, MeasureHealth, SourceHealth
from infra.truth.arrivals import SILENT_FROM

WEIGHT = 0.7
"""What the evidence of a silent source counts: what it said last was right then."""
MOSTLY = 0.8


def health_of(contributions: Iterable[Contribution], silent: str) -> Health:
    """The health of measures while one source is silent, by what each source fed in the weeks before."""
    fed: Counter[tuple[str, str]] = Counter()
    for one in contributions:
        if one.at < SILENT_FROM:
            fed.update((delta.measure, one.source) for delta in one.deltas)
    totals: Counter[str] = Counter()
    for (measure, _), count in fed.items():
        totals[measure] += count
    shares = {measure: count / totals[measure] for (measure, source), count in fed.items() if source == silent}
    says = Text(zh=f"来源 {silent} 已七天没有数据。", en=f"The source {silent} has been silent for a week.")
    return Health(
        sources={silent: SourceHealth("silent", WEIGHT, SILENT_FROM, says)},
        measures={
            measure: MeasureHealth(round(1 - share * (1 - WEIGHT), 4), SILENT_FROM if share >= MOSTLY else None, says)
            for measure, share in shares.items()
            if share >= 0.05
        },
    )

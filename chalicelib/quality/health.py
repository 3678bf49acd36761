"""From reports on sources to what rules are told: the sources that are not well, and the measures that they feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.kernel.texts import Text
from chalicelib.quality.judge import SourceReport
from chalicelib.tags.health import Health, MeasureHealth, SourceHealth

MOSTLY = 0.95
"""The share of a measure that must come from silent sources for nothing to be known of it since."""
_NOTED = 0.05
"""A measure whose weight falls by less is left alone."""


def health_of(reports: Iterable[SourceReport]) -> Health:
    """The health of a tenant's sources and measures."""
    all_ = list(reports)
    ill = {one.source: one for one in all_ if one.state != "healthy"}
    if not ill:
        return Health()
    rates = _by_measure(all_)
    found = ((name, _measure(name, fed, ill)) for name, fed in sorted(rates.items()))
    return Health(
        sources={one.source: SourceHealth(one.state, one.weight, one.since or 0, one.says) for one in ill.values()},
        measures={name: one for name, one in found if one is not None},
    )


def _by_measure(reports: Sequence[SourceReport]) -> dict[str, dict[str, float]]:
    """Measure → source → events a day."""
    rates: dict[str, dict[str, float]] = {}
    for one in reports:
        for name, rate in one.feeds.items():
            rates.setdefault(name, {})[one.source] = rate
    return rates


def _measure(name: str, fed: Mapping[str, float], ill: Mapping[str, SourceReport]) -> MeasureHealth | None:
    total = sum(fed.values())
    shares = {source: rate / total for source, rate in fed.items() if source in ill and total > 0}
    weight = 1 - sum(share * (1 - ill[source].weight) for source, share in shares.items())
    silent = {source: share for source, share in shares.items() if ill[source].state == "silent"}
    until = min((ill[source].since or 0 for source in silent), default=None) if sum(silent.values()) >= MOSTLY else None
    if until is None and weight > 1 - _NOTED:
        return None
    share, sources = sum(shares.values()), ", ".join(sorted(shares))
    return MeasureHealth(
        weight=round(weight, 4),
        known_until=until,
        says=Text(
            zh=f"指标 {name} 有 {share:.0%} 来自目前不正常的来源：{sources}。",
            en=f"{share:.0%} of {name} comes from sources that are not well: {sources}.",
        ),
    )

"""The picture of the page: errors beside the yardsticks', coverage, and a fortnight as it was forecast and came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from chalicelib.forecast.outlook import Slot
from infra.forecast.figures import NOMINAL, WITHIN, Figures
from infra.forecast.trial import MEAN, NAIVE, OURS, TRUTH

_COLOURS = {OURS: "#1b6e8c", NAIVE: "#b9c4c9", MEAN: "#8b989e", TRUTH: "#e0a13a"}
_WIDTH, _LEFT, _BAR, _GROUP = 940, 110, 9, 46


def picture(found: Mapping[str, Figures], fortnight: Sequence[tuple[Slot, int]], title: str) -> str:
    """The three panels, as SVG."""
    tall = 62 + _GROUP * len(found)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {tall + 230}" font-family="sans-serif" font-size="12" role="img">',
        "<title>Errors of the forecast and of its yardsticks, coverage of its bounds, and a fortnight</title>",
        f'<rect width="{_WIDTH}" height="{tall + 230}" fill="#fff"/>',
        *_errors(found),
        *_coverage(found),
        *_fortnight(fortnight, title, tall),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _errors(found: Mapping[str, Figures]) -> Iterator[str]:
    yield '<text x="12" y="22" font-weight="bold">Sum of absolute errors, of all contacts</text>'
    for place, (name, colour) in enumerate(_COLOURS.items()):
        x = 12 + place * 130
        yield f'<rect x="{x}" y="31" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 14}" y="40" font-size="10" fill="#555">{escape(name)}</text>'
    most = max(one.wape[name] for one in found.values() for name in _COLOURS if name in one.wape)
    for group, (series, one) in enumerate(found.items()):
        top = 54 + group * _GROUP
        yield f'<text x="12" y="{top + 20}">{escape(series)}</text>'
        for place, (name, colour) in enumerate(_COLOURS.items()):
            if name in one.wape:
                wide, y = one.wape[name] / most * 340, top + place * (_BAR + 1)
                yield f'<rect x="{_LEFT}" y="{y}" width="{wide:.1f}" height="{_BAR}" fill="{colour}"/>'
                yield f'<text x="{_LEFT + wide + 4:.1f}" y="{y + 8}" font-size="9">{one.wape[name]:.1%}</text>'


def _coverage(found: Mapping[str, Figures]) -> Iterator[str]:
    left, wide = 580, 330
    yield f'<text x="{left}" y="22" font-weight="bold">Half hours within their bounds</text>'
    yield f'<text x="{left}" y="40" font-size="10" fill="#555">filled: as they are; hollow: half as wide; grey: ± 5 points</text>'

    def at(share: float) -> float:
        return left + (share - 0.4) / 0.6 * wide

    bottom = 54 + _GROUP * len(found)
    for nominal in NOMINAL:
        begins, ends = at(nominal - WITHIN), at(min(1.0, nominal + WITHIN))
        yield f'<rect x="{begins:.1f}" y="50" width="{ends - begins:.1f}" height="{bottom - 56}" fill="#eef1f2"/>'
        yield f'<text x="{at(nominal):.1f}" y="{bottom + 6}" font-size="10" text-anchor="middle">{nominal:.0%}</text>'
    for group, one in enumerate(found.values()):
        y = 74 + group * _GROUP
        for colour, share, halved in zip(("#1b6e8c", "#b3541e"), one.coverage, one.halved, strict=True):
            yield f'<circle cx="{at(share):.1f}" cy="{y}" r="4" fill="{colour}"/>'
            yield f'<circle cx="{at(max(0.4, halved)):.1f}" cy="{y}" r="4" fill="none" stroke="{colour}"/>'


def _fortnight(slots: Sequence[tuple[Slot, int]], title: str, top: int) -> Iterator[str]:
    most = max(max(one.high_95, count) for one, count in slots)
    step, tall = (_WIDTH - 40) / len(slots), 170

    def line(values: Sequence[float]) -> str:
        points = (
            f"{20 + place * step:.1f} {top + 40 + tall * (1 - value / most):.1f}" for place, value in enumerate(values)
        )
        return "L".join(points)

    low, high = [one.low for one, _ in slots], [one.high for one, _ in slots]
    back = line(low).split("L")[::-1]
    yield f'<text x="12" y="{top + 24}" font-weight="bold">{escape(title)}</text>'
    yield f'<path d="M{line(high)}L{"L".join(back)}Z" fill="#cfe3ea"/>'
    yield f'<path d="M{line([float(count) for _, count in slots])}" fill="none" stroke="#555" stroke-width="0.7"/>'
    yield f'<path d="M{line([one.mean for one, _ in slots])}" fill="none" stroke="#1b6e8c" stroke-width="1.4"/>'
    yield f'<text x="12" y="{top + 226}" font-size="10" fill="#555">blue: mean and bounds of 80%; grey: what came; at most {most:.0f} in a half hour</text>'

"""Pictures of scores: how what was said compares with what came, and which features matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.training.scores.metrics import Point

_SIDE, _EDGE = 260, 44
_INK, _LINE, _GRID = "#1f2937", "#0f766e", "#d1d5db"


def calibration(panels: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """An SVG with a panel per score: tenths of people, said across and came upwards; the straight line is perfect."""
    width, height = len(panels) * (_SIDE + _EDGE) + _EDGE, _SIDE + 2 * _EDGE
    drawn = [_panel(place, title, points) for place, (title, points) in enumerate(panels)]
    return _svg(width, height, "".join(drawn))


def importances(shares: Mapping[str, float], names: Mapping[str, str], most: int = 10) -> str:
    """An SVG with a bar per feature: its share of all that features did."""
    listed = list(shares.items())[:most]
    longest = max((share for _, share in listed), default=1.0)
    rows = []
    for place, (feature, share) in enumerate(listed):
        y = 14 + place * 22
        rows.append(f'<text x="212" y="{y + 12}" text-anchor="end" font-size="12">{names.get(feature, feature)}</text>')
        rows.append(f'<rect x="220" y="{y}" width="{300 * share / longest:.1f}" height="15" fill="{_LINE}"/>')
        rows.append(f'<text x="{226 + 300 * share / longest:.1f}" y="{y + 12}" font-size="11">{share:.1%}</text>')
    return _svg(580, 28 + 22 * len(listed), "".join(rows))


def _panel(place: int, title: str, points: Sequence[Point]) -> str:
    left, top = _EDGE + place * (_SIDE + _EDGE), _EDGE
    most = max((max(one.said, one.came) for one in points), default=1.0) * 1.05 or 1.0

    def at(said: float, came: float) -> str:
        return f"{left + said / most * _SIDE:.1f},{top + _SIDE - came / most * _SIDE:.1f}"

    parts = [
        f'<text x="{left}" y="{top - 14}" font-size="13" font-weight="600">{title}</text>',
        f'<rect x="{left}" y="{top}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="{_GRID}"/>',
        f'<polyline points="{at(0, 0)} {at(most, most)}" fill="none" stroke="{_GRID}" stroke-dasharray="4 4"/>',
        f'<polyline points="{" ".join(at(one.said, one.came) for one in points)}" fill="none" stroke="{_LINE}" stroke-width="2"/>',
    ]
    for one in points:
        x, y = at(one.said, one.came).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{_LINE}"/>')
    parts.append(
        f'<text x="{left}" y="{top + _SIDE + 18}" font-size="11">said 0 – {most:.2g}; upwards: what came</text>'
    )
    return "".join(parts)


def _svg(width: int, height: int, inside: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" fill="{_INK}">'
    return f'{head}<rect width="{width}" height="{height}" fill="#ffffff"/>{inside}</svg>\n'

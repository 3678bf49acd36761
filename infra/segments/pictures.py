"""The pictures of the page, as SVG with labels in Chinese and English.

``pictures`` lists what is shown: each is a name of its file, two titles, and what is drawn. The page of scores adds
its own in the same shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import msgspec
import numpy as np

from chalicelib.kernel.texts import Text
from chalicelib.segments.features import features
from chalicelib.segments.model import SegmentModel
from chalicelib.segments.naming import standing
from chalicelib.segments.segmentation import Segmentation, shipped_segmentations
from infra.segments.run import Outcome

_COLOURS = ("#c44e52", "#1b6e8c", "#e0a13a", "#5a9a5a", "#8a8f98", "#7d5ba6", "#b0723c")
_INK, _PALE = "#222", "#b9c4c9"


class Picture(msgspec.Struct, frozen=True):
    """One picture: the file's name without its ending, what it shows, and the SVG."""

    name: str
    title: Text
    svg: str


def pictures(outcomes: Sequence[Outcome]) -> list[Picture]:
    """All of them, of the first seed where one is as good as another."""
    first = outcomes[0]
    found = []
    for told in first.told:
        spec = shipped_segmentations()[told.id]
        model = first.learned[told.id].model
        flat = Text(f"{spec.names.zh}：两个主成分上的人", f"{spec.names.en}: people on two principal components")
        heat = Text(f"{spec.names.zh}：各群与其他群相比", f"{spec.names.en}: each segment beside the others")
        found.append(Picture(f"segments-{told.id}-people", flat, scatter(spec, model, first.seen[told.id], flat)))
        found.append(Picture(f"segments-{told.id}-centroids", heat, heat_map(spec, model, heat)))
    contest = Text("算法对比（客户分群）", "Contest of algorithms (customers)")
    steady = Text("再次学习后名称不变的人", "People who keep their name after another run")
    drift = Text("植入的变化：群体稳定性指数", "Planted changes: population stability index")
    rows = [
        (row.algorithm.replace("_", " "), row.points, f"{row.points:.3f}{' ← 胜出 won' if row.won else ''}")
        for row in first.learned["customers"].contest
    ]
    kept = [
        (f"{told.id}, {again.days} d, seed {one.seed}", again.kept, f"{again.kept:.1%}")
        for one in outcomes
        for told in one.told
        for again in told.again
    ]
    moved = [
        (f"{one.planted}: {_worst(one.features)}", one.features[0][1], f"{one.features[0][1]:.2f}")
        for one in first.drifts
    ]
    moved += [(f"{one.planted}: segments 分群", one.segments, f"{one.segments:.2f}") for one in first.drifts]
    found.append(Picture("segments-contest", contest, bars(rows, contest)))
    found.append(Picture("segments-steadiness", steady, bars(kept, steady, line=0.97)))
    found.append(Picture("segments-drift", drift, bars(moved, drift, line=0.25)))
    return found


def _worst(found: Sequence[tuple[str, float]]) -> str:
    return next(f"{one.names.en} {one.names.zh}" for one in features() if one.id == found[0][0])


def _opened(wide: float, tall: float, title: Text) -> list[str]:
    both = escape(f"{title.zh} · {title.en}")
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{both}</title>",
        f'<rect width="{wide:.0f}" height="{tall:.0f}" fill="#fff"/>',
        f'<text x="14" y="24" font-size="14" font-weight="bold" fill="{_INK}">{both}</text>',
    ]


def scatter(
    spec: Segmentation, model: SegmentModel, seen: Sequence[tuple[tuple[float, ...], str, str]], title: Text
) -> str:
    """People on the first two principal components of what the model sees; ringed where their truth is another."""
    points = np.array([view for view, _, _ in seen])
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    # Which way an axis points is chance: the largest part of it points up.
    axes = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    flat, centres = (points - middle) @ axes.T, (np.array(model.centroids) - middle) @ axes.T
    low, high = np.quantile(flat, 0.002, axis=0), np.quantile(flat, 0.998, axis=0)
    wide, tall, top = 640.0, 430.0, 44.0

    def placed(at: Iterable[float]) -> tuple[float, float]:
        x, y = np.clip((np.array(list(at)) - low) / np.maximum(high - low, 1e-9), 0, 1)
        return 20 + float(x) * (wide - 210), top + (1 - float(y)) * (tall - top - 20)

    colours = _colours(spec)
    parts = _opened(wide, tall, title)
    for (_, true, said), at in zip(seen, flat, strict=True):
        x, y = placed(at)
        ring = "" if true == said else f' stroke="{_INK}" stroke-width="1.2"'
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colours[said]}" fill-opacity="0.6"{ring}/>')
    for name, at in zip(model.segments, centres, strict=True):
        x, y = placed(at)
        parts.append(f'<path d="M{x - 8:.1f} {y:.1f}h16M{x:.1f} {y - 8:.1f}v16" stroke="{_INK}" stroke-width="5"/>')
        parts.append(
            f'<path d="M{x - 8:.1f} {y:.1f}h16M{x:.1f} {y - 8:.1f}v16" stroke="{colours[name]}" stroke-width="3"/>'
        )
    parts += _legend(spec, wide - 180, 64)
    parts.append(f'<text x="{wide - 180:.0f}" y="{tall - 40:.0f}" font-size="10">＋ 群中心 centroid</text>')
    parts.append(f'<text x="{wide - 180:.0f}" y="{tall - 24:.0f}" font-size="10">○ 真类不同 truth differs</text>')
    return "\n".join([*parts, "</svg>", ""])


def _legend(spec: Segmentation, left: float, top: float) -> Iterable[str]:
    for at, kind in enumerate(spec.kinds):
        y = top + at * 34
        yield f'<circle cx="{left:.0f}" cy="{y:.0f}" r="5" fill="{_colours(spec)[kind.id]}"/>'
        yield f'<text x="{left + 12:.0f}" y="{y + 4:.0f}">{escape(kind.names.zh)}</text>'
        yield f'<text x="{left + 12:.0f}" y="{y + 18:.0f}" font-size="10" fill="#555">{escape(kind.names.en)}</text>'


def _colours(spec: Segmentation) -> Mapping[str, str]:
    return {kind.id: _COLOURS[at % len(_COLOURS)] for at, kind in enumerate(spec.kinds)}


def heat_map(spec: Segmentation, model: SegmentModel, title: Text) -> str:
    """A row per feature and a column per segment: where the segment stands among the others, -1 to 1."""
    left, row, cell, top = 400.0, 20.0, 92.0, 84.0
    order = sorted(
        range(len(model.segments)), key=lambda at: [kind.id for kind in spec.kinds].index(model.segments[at])
    )
    stands = standing(model.centroids)
    parts = _opened(left + cell * len(order) + 20, top + row * len(model.columns) + 20, title)
    for place, at in enumerate(order):
        kind = spec.kind(model.segments[at])
        assert kind is not None
        x = left + place * cell + cell / 2
        parts.append(f'<text x="{x:.0f}" y="60" text-anchor="middle">{escape(kind.names.zh)}</text>')
        parts.append(
            f'<text x="{x:.0f}" y="75" text-anchor="middle" font-size="9" fill="#555">{escape(kind.names.en)}</text>'
        )
    for line, column in enumerate(model.columns):
        names, y = features()[column.place].names, top + line * row
        parts.append(f'<text x="14" y="{y + 14:.0f}" font-size="11">{escape(names.zh)} · {escape(names.en)}</text>')
        for place, at in enumerate(order):
            value = stands[at][line]
            parts.append(
                f'<rect x="{left + place * cell:.0f}" y="{y:.0f}" width="{cell - 2:.0f}" height="{row - 2:.0f}" '
                f'fill="{_shade(value)}"/>'
            )
            parts.append(
                f'<text x="{left + (place + 0.5) * cell:.0f}" y="{y + 13:.0f}" text-anchor="middle" '
                f'font-size="10">{value:+.1f}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def _shade(value: float) -> str:
    """White for 0, red upwards, blue downwards."""
    pale = round(255 - 150 * min(1.0, abs(value)))
    return f"#ff{pale:02x}{pale:02x}" if value > 0 else f"#{pale:02x}{pale:02x}ff"


def bars(rows: Sequence[tuple[str, float, str]], title: Text, line: float | None = None) -> str:
    """A bar per row with its value in words, and a line at a bound."""
    left, wide, row, top = 420.0, 260.0, 20.0, 44.0
    most = max([value for _, value, _ in rows] + ([line] if line is not None else []) + [1e-9])
    # One tall bar must not hide where the bound is.
    most = min(most, 4 * line) if line is not None and most > 1 else most
    parts = _opened(left + wide + 110, top + row * len(rows) + 24, title)
    for at, (name, value, told) in enumerate(rows):
        y, long = top + at * row, min(1.0, max(0.0, value) / most) * wide
        parts.append(f'<text x="14" y="{y + 12:.0f}" font-size="11">{escape(name)}</text>')
        parts.append(f'<rect x="{left:.0f}" y="{y:.0f}" width="{long:.1f}" height="14" fill="#1b6e8c"/>')
        parts.append(f'<text x="{left + long + 6:.1f}" y="{y + 12:.0f}" font-size="11">{escape(told)}</text>')
    if line is not None:
        x, ends = left + line / most * wide, top + row * len(rows)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top - 6:.0f}" x2="{x:.1f}" y2="{ends:.0f}" stroke="#b00" stroke-dasharray="4 3"/>'
        )
    return "\n".join([*parts, "</svg>", ""])

"""Why somebody is in a segment and not in the next best, and what would move them.

Squared distances are sums over features, so what one of them adds is exact: it pulls towards the own centroid o and
away from the other one n by (x - n)² - (x - o)², and all of them sum to how much nearer o is,
as a difference of squares. A value that is missing counts as what the model takes for it (``Column.fill``), one beyond
the column's bounds as the bound.

What would move somebody is looked for one feature at a time: with all others as they are, the values for which a
segment is the nearest are an interval, because the squares cancel out. Of its values, the nearest that the feature
can have is told, after it was tried. Features that go together (orders of 90 days and of a year) are changed alone
nonetheless: it says what the model reads, and is no advice of how to get there.

Who is in a segment leaves it a declared way past the middle (``assign``): that is told of who stays there for this alone,
and counted in what would move them, as it moves the ends of the interval and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import dist, inf

import msgspec

from chalicelib.kernel.texts import Text
from chalicelib.segments.assign import BY_RULE, assign, past_middle, rule_of
from chalicelib.segments.features import Feature, features, place_of
from chalicelib.segments.model import Column, SegmentModel, scaled
from chalicelib.segments.saying import in_units, shown, step_of, stepped
from chalicelib.segments.segmentation import Condition, Segmentation

MOST_PULLS = 5
_TRIES = 3
_NO_ROOM = 1e-9


class Pull(msgspec.Struct, frozen=True):
    """What one feature adds: ``value`` is None where it is missing, ``share`` is of all that pulls this way."""

    feature: str
    value: float | None
    typical: float
    typical_there: float
    share: float
    says: Text


class Move(msgspec.Struct, frozen=True):
    """The least change of one feature that would put the person into ``segment``."""

    segment: str
    feature: str
    value: float | None
    to: float
    says: Text


class Held(msgspec.Struct, frozen=True):
    """A condition that holds: ``value`` ``op`` ``bound``. ``times``: the feature of which the bound is a multiple, or ''."""

    feature: str
    value: float
    op: str
    bound: float
    times: str
    says: Text


class WhySegment(msgspec.Struct, frozen=True):
    """The reasons. ``against`` is the next best segment, of who stays nonetheless the nearest; by rule there is none.

    ``pulls`` and ``moves`` are empty by rule, ``held`` (the conditions) by model. ``says``: all of them in words.
    ``beyond``: how far past the middle towards ``against`` somebody is who stays nonetheless, as a part of the way; 0 of
    who is nearest to where they are.
    """

    segment: str
    against: str | None
    confidence: float
    pulls: tuple[Pull, ...]
    moves: tuple[Move, ...]
    says: tuple[Text, ...]
    beyond: float = 0.0
    held: tuple[Held, ...] = ()


def why(spec: Segmentation, model: SegmentModel, raw: Sequence[float | None], was: str = "") -> WhySegment:
    """The reasons of a model. ``raw``: all features of the person; ``was``: the segment that they are in."""
    seen = scaled(model.columns, raw)
    own = assign(model, seen, was, spec.hysteresis)
    places = sorted(range(len(model.centroids)), key=lambda at: dist(seen, model.centroids[at]))
    # Who stays has a segment that is not the nearest; the next best is the nearest then.
    place = next(at for at in places if model.segments[at] == own.segment)
    other = next(at for at in places if at != place)
    pulls = tuple(_pulls(spec, model, raw, seen, (place, other)))
    others = (one for one in dict.fromkeys(model.segments) if one != own.segment)
    moves = tuple(move for one in others if (move := least_move(spec, model, raw, one, own.segment)) is not None)
    beyond = past_middle(seen, model.centroids[place], model.centroids[other]) if place != places[0] else 0.0
    stays = (_stays_says(spec, own.segment, model.segments[other], beyond),) if place != places[0] else ()
    says = (*stays, *(one.says for one in pulls), *(one.says for one in moves))
    return WhySegment(own.segment, model.segments[other], own.confidence, pulls, moves, says, beyond)


def why_by_rule(spec: Segmentation, raw: Sequence[float | None]) -> WhySegment:
    """The reasons of a rule: the conditions that hold."""
    segment, row = rule_of(spec, raw)
    held = tuple(_held(one, raw) for one in row)
    return WhySegment(segment, None, BY_RULE, (), (), tuple(one.says for one in held) or (_OTHERWISE,), held=held)


def least_move(
    spec: Segmentation, model: SegmentModel, raw: Sequence[float | None], segment: str, was: str = ""
) -> Move | None:
    """The least change of one feature, in scales of its column, that puts somebody there; None where none does.

    ``was``: the segment that they are in, '' of who is in none yet.
    """
    seen, best, least = scaled(model.columns, raw), None, inf
    for place, column in enumerate(model.columns):
        for target in (at for at, name in enumerate(model.segments) if name == segment):
            to = _value_for(model, raw, seen, (place, target), (was, spec.hysteresis))
            if to is None:
                continue
            change = abs(scaled((column,), _with(raw, column.place, to))[0] - seen[place])
            if change < least:
                best, least = (column, to), change
    return None if best is None else _move(spec, raw, segment, *best)


def _value_for(
    model: SegmentModel,
    raw: Sequence[float | None],
    seen: Sequence[float],
    at: tuple[int, int],
    held: tuple[str, float],
) -> float | None:
    """The nearest value of one feature for which a centroid takes somebody; None where there is no such value.

    ``at``: the places of the column and of the centroid. ``held``: the segment that they are in and its hysteresis.
    """
    place, target = at
    column, goal = model.columns[place], model.centroids[target]
    low, high = -inf, inf
    for other, name in zip(model.centroids, model.segments, strict=True):
        if other is goal:
            continue
        # Without this feature: by how much the other is farther, as a square.
        ahead = (dist(seen, other) ** 2 - (seen[place] - other[place]) ** 2) - (
            dist(seen, goal) ** 2 - (seen[place] - goal[place]) ** 2
        )
        if name == held[0]:
            ahead -= 2 * held[1] * dist(other, goal) ** 2
        slope, room = 2 * (other[place] - goal[place]), ahead + other[place] ** 2 - goal[place] ** 2
        if slope > 0:
            high = min(high, room / slope)
        elif slope < 0:
            low = max(low, room / slope)
        elif room < -_NO_ROOM:
            return None
    # An interval of one value is none but where a tie goes to this segment; whatever is told is tried.
    if low > high + _NO_ROOM:
        return None
    return _tried(model, raw, column, (low, high), seen[place], (model.segments[target], *held))


def _tried(
    model: SegmentModel,
    raw: Sequence[float | None],
    column: Column,
    span: tuple[float, float],
    now: float,
    moved: tuple[str, str, float],
) -> float | None:
    feature, (segment, was, hysteresis) = features()[column.place], moved
    up = now <= span[0]
    value = stepped(feature, in_units(column, span[0] if up else span[1]), up=up)
    for _ in range(_TRIES):
        if feature.unit == "share" and value > 1:
            return None
        seen = scaled(model.columns, _with(raw, column.place, value))
        if assign(model, seen, was, hysteresis).segment == segment:
            return value
        value = stepped(feature, value + step_of(feature) * (1 if up else -1), up=up)
    return None


def _with(raw: Sequence[float | None], place: int, value: float) -> list[float | None]:
    changed = list(raw)
    changed[place] = value
    return changed


def _pulls(
    spec: Segmentation,
    model: SegmentModel,
    raw: Sequence[float | None],
    seen: Sequence[float],
    places: tuple[int, int],
) -> Iterator[Pull]:
    own, other = model.centroids[places[0]], model.centroids[places[1]]
    terms = [(x - n) ** 2 - (x - o) ** 2 for x, o, n in zip(seen, own, other, strict=True)]
    towards = sum(term for term in terms if term > 0)
    names = _name(spec, model.segments[places[0]]), _name(spec, model.segments[places[1]])
    for at in sorted(range(len(terms)), key=lambda at: -terms[at])[:MOST_PULLS]:
        if terms[at] <= 0:
            return
        column = model.columns[at]
        feature, value = features()[column.place], raw[column.place]
        typical, there = in_units(column, own[at]), in_units(column, other[at])
        says = _pull_says(feature, value, (typical, there), names)
        yield Pull(feature.id, value, typical, there, terms[at] / towards, says)


def _stays_says(spec: Segmentation, own: str, other: str, beyond: float) -> Text:
    here, there = _name(spec, own), _name(spec, other)
    zh = f"已越过与“{there.zh}”的中线{beyond:.1%}，未达换群所需的{spec.hysteresis:.0%}，仍属“{here.zh}”"
    en = (
        f"past the middle towards {there.en} by {beyond:.1%} of the way, of the {spec.hysteresis:.0%} "
        f"that it takes to leave {here.en}"
    )
    return Text(zh=zh, en=en)


def _pull_says(feature: Feature, value: float | None, typical: tuple[float, float], names: tuple[Text, Text]) -> Text:
    own, there = (shown(feature, one) for one in typical)
    zh = "未知" if value is None else shown(feature, value)
    en = "unknown" if value is None else shown(feature, value)
    return Text(
        zh=f"{feature.names.zh}为{zh}，更接近“{names[0].zh}”（通常{own}）而非“{names[1].zh}”（通常{there}）",
        en=f"{feature.names.en}: {en}, nearer to {names[0].en} (typically {own}) than to {names[1].en} ({there})",
    )


def _move(spec: Segmentation, raw: Sequence[float | None], segment: str, column: Column, to: float) -> Move:
    feature, value, name = features()[column.place], raw[column.place], _name(spec, segment)
    to_text = f"{to:.1%}" if feature.unit == "share" else f"{to:,.10g}"
    before = shown(feature, value) if value is not None else None
    says = Text(
        zh=f"若{feature.names.zh}由{before or '未知'}变为{to_text}，将归入“{name.zh}”",
        en=f"would be {name.en} if {feature.names.en} went from {before or 'unknown'} to {to_text}",
    )
    return Move(segment, feature.id, value, to, says)


_OTHERWISE = Text(zh="以上各条均不成立", en="none of the kinds before it holds")
_SIGNS = {"<": "小于", "<=": "不超过", ">": "大于", ">=": "不少于"}


def _held(one: Condition, raw: Sequence[float | None]) -> Held:
    # It holds, so both are known: an unknown one makes it false.
    value, of = raw[place_of(one.feature)] or 0.0, (raw[place_of(one.times)] or 0.0) if one.times else 1.0
    return Held(one.feature, value, one.op, one.value * of, one.times, _condition_says(one, value, of))


def _condition_says(one: Condition, value: float, times: float) -> Text:
    feature = features()[place_of(one.feature)]
    told = shown(feature, value)
    if not one.times:
        bound = shown(feature, one.value)
        return Text(
            zh=f"{feature.names.zh}为{told}，{_SIGNS[one.op]}{bound}", en=f"{feature.names.en}: {told} {one.op} {bound}"
        )
    other = features()[place_of(one.times)]
    of = shown(other, times)
    return Text(
        zh=f"{feature.names.zh}为{told}，{_SIGNS[one.op]}{other.names.zh}（{of}）的{one.value:g}倍",
        en=f"{feature.names.en}: {told} {one.op} {one.value:g} × {other.names.en} ({of})",
    )


def _name(spec: Segmentation, segment: str) -> Text:
    kind = spec.kind(segment)
    return Text(zh=segment, en=segment) if kind is None else kind.names

"""What can be wrong in how a policy's desk works: weights, costs, seconds, relaxing steps, overflow, skills, limits."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from chalicelib.desk.declaration import DeskRules, Relaxing
from chalicelib.desk.model import HIGHEST_PROFICIENCY
from chalicelib.events.types import CHANNELS
from chalicelib.kernel.names import is_name
from chalicelib.routing.declaration import PolicyDeclaration, Queue
from chalicelib.routing.shape import Mistake, nearest

LONGEST_SECONDS = 31 * 86_400
MOST_UNITS = 1_000
_SECONDS = ("reservation_seconds", "lease_seconds", "ageing_seconds")
_SECONDS_OR_NONE = ("wrap_up_seconds", "orphaned_after_seconds")
_STEPS = ("any_after_seconds", "overflow_after_seconds", "callback_after_seconds")
_LIMITS = ("first_response_seconds", "resolve_seconds")


def mistakes_of_desk(declared: PolicyDeclaration) -> Iterator[Mistake]:
    """Every mistake of the section ``desk`` and of what queues tell the desk."""
    yield from _of_rules(declared.desk)
    yield from _of_steps(declared.desk.relaxing, "desk.relaxing")
    for name, queue in declared.queues.items():
        yield from _of_queue(name, queue)
    yield from _of_caps(declared)


def _of_rules(desk: DeskRules) -> Iterator[Mistake]:
    yield from _of_weights(desk)
    for names, least in ((_SECONDS, 1), (_SECONDS_OR_NONE, 0)):
        for name in names:
            yield from _of_seconds(f"desk.{name}", getattr(desk, name), least)
    yield from _of_costs(desk)
    if not 1 <= desk.skilled_from <= HIGHEST_PROFICIENCY:
        yield Mistake("desk.skilled_from", "out_of_range", f"Proficiency is 1 to {HIGHEST_PROFICIENCY}.")
    if desk.prior < 0:
        yield Mistake("desk.prior", "out_of_range", "A number of conversations is 0 or more.", "0")


def _of_weights(desk: DeskRules) -> Iterator[Mistake]:
    weights = msgspec.structs.asdict(desk.weights)
    for part, weight in weights.items():
        if weight < 0:
            yield Mistake(f"desk.weights.{part}", "out_of_range", "A weight of an agent's score is 0 or more.", "0")
    if not any(weight > 0 for weight in weights.values()):
        yield Mistake("desk.weights", "no_weight", "At least one part of an agent's score counts something.")


def _of_costs(desk: DeskRules) -> Iterator[Mistake]:
    if not 1 <= desk.units <= MOST_UNITS:
        yield Mistake("desk.units", "out_of_range", f"An agent has 1 to {MOST_UNITS} units.")
    for path, cost in {"cost": desk.cost, **{f"costs.{one}": cost for one, cost in desk.costs.items()}}.items():
        if not 1 <= cost <= desk.units:
            message = f"A conversation takes 1 unit or more, and no more than an agent has ({desk.units})."
            yield Mistake(f"desk.{path}", "out_of_range", message, str(max(1, min(cost, desk.units))))
    for channel in desk.costs:
        if channel not in CHANNELS:
            near = nearest(channel, sorted(CHANNELS))
            yield Mistake(f"desk.costs.{channel}", "unknown_channel", "No channel is called so.", near)


def _of_queue(name: str, queue: Queue) -> Iterator[Mistake]:
    path = f"queues.{name}"
    if not is_name(queue.skill):
        message = "A skill has lower-case letters, digits and underscores, a letter first, at most 63."
        yield Mistake(f"{path}.skill", "bad_name", message)
    for place, other in enumerate(queue.overflow):
        if other == name:
            yield Mistake(f"{path}.overflow[{place}]", "flows_to_itself", "A queue flows over to others.")
        elif other in queue.overflow[:place]:
            yield Mistake(f"{path}.overflow[{place}]", "named_twice", "This queue stands there already.")
    for limit in _LIMITS:
        yield from _of_seconds(f"{path}.sla.{limit}", getattr(queue.sla, limit), 1)
    if queue.sla.first_response_seconds > queue.sla.resolve_seconds:
        message = "Nobody is done before the first answer."
        yield Mistake(f"{path}.sla", "limits_crossed", message, f"resolve_seconds: {queue.sla.first_response_seconds}")
    if queue.relaxing is not None:
        yield from _of_steps(queue.relaxing, f"{path}.relaxing")


def _of_steps(relaxing: Relaxing, path: str) -> Iterator[Mistake]:
    """No step comes before the one that it follows; one that is never taken is skipped."""
    before = 0
    for step in _STEPS:
        after = getattr(relaxing, step)
        if after is None:
            continue
        yield from _of_seconds(f"{path}.{step}", after, 0)
        if 0 <= after < before:
            message = f"A step does not come before the one that it follows ({before} s)."
            yield Mistake(f"{path}.{step}", "out_of_order", message, str(before))
        before = max(before, after)


def _of_caps(declared: PolicyDeclaration) -> Iterator[Mistake]:
    caps = {f"mode_sla.{mode}": cap for mode, cap in declared.mode_sla.items()}
    caps |= {f"urgency.sla.{level}": cap for level, cap in declared.urgency.sla.items()}
    caps |= {f"rules[{place}].sla": rule.sla for place, rule in enumerate(declared.rules)}
    for path, cap in caps.items():
        for limit in _LIMITS:
            seconds = getattr(cap, limit)
            if seconds is not None:
                yield from _of_seconds(f"{path}.{limit}", seconds, 1)


def _of_seconds(path: str, seconds: int, least: int) -> Iterator[Mistake]:
    if not least <= seconds <= LONGEST_SECONDS:
        nearest_allowed = str(max(least, min(seconds, LONGEST_SECONDS)))
        yield Mistake(path, "out_of_range", f"Seconds are {least} to {LONGEST_SECONDS}.", nearest_allowed)

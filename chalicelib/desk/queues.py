"""What a supervisor changes of a queue by day, over what the policy declares of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

import msgspec

from chalicelib.desk.declaration import Relaxing
from chalicelib.desk.model import Shift
from chalicelib.desk.shifts import within
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import Millis

MOST_HOURS = 28
_MONTH_SECONDS = 31 * 86_400

type _Seconds = Annotated[int, msgspec.Meta(ge=1, le=_MONTH_SECONDS)]


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``closed`` until it is opened again; ``hours`` of the week in which it is open (none: always), in the tenant's
    zone. What is None is as the policy says: ``overflow``, limits of time, and the steps of ``relaxing``.
    """

    closed: bool = False
    hours: tuple[Shift, ...] = ()
    overflow: tuple[str, ...] | None = None
    first_response_seconds: _Seconds | None = None
    resolve_seconds: _Seconds | None = None
    relaxing: Relaxing | None = None

    def is_open(self, now: Millis, timezone: str) -> bool:
        """Whether people are let in."""
        return not self.closed and (not self.hours or within(self.hours, now, timezone))


AS_DECLARED = QueueSettings()


def mistakes_of_settings(queue: str, settings: QueueSettings, queues: Collection[str]) -> Iterator[BadInput]:
    """Everything wrong with the settings of a queue of a policy that has ``queues``."""
    for place, other in enumerate(settings.overflow or ()):
        if other == queue or other not in queues:
            yield BadInput("unknown_queue", "It flows over to other queues of the policy.", f"overflow[{place}]")
    if len(set(settings.overflow or ())) < len(settings.overflow or ()):
        yield BadInput("named_twice", "A queue stands there twice.", "overflow")
    if len(settings.hours) > MOST_HOURS:
        yield BadInput("too_many", f"At most {MOST_HOURS} spans of hours.", "hours")
    for place, span in enumerate(settings.hours):
        if not span.weekdays:
            yield BadInput("no_weekday", "Hours are of at least one day of the week.", f"hours[{place}].weekdays")
    first, whole = settings.first_response_seconds, settings.resolve_seconds
    if first is not None and whole is not None and first > whole:
        yield BadInput("limits_crossed", "Nobody is done before the first answer.", "resolve_seconds")
    if settings.relaxing is not None:
        yield from _mistakes_of_steps(settings.relaxing)


def _mistakes_of_steps(relaxing: Relaxing) -> Iterator[BadInput]:
    """Steps are of at least a second, at most a month, and none comes before the one it follows."""
    latest = 0
    for name in msgspec.structs.asdict(relaxing):
        seconds = getattr(relaxing, name)
        if seconds is None:
            continue
        if not 0 <= seconds <= _MONTH_SECONDS:
            yield BadInput("out_of_range", f"From 0 to {_MONTH_SECONDS} seconds.", f"relaxing.{name}")
        elif seconds < latest:
            yield BadInput("steps_crossed", "A step does not come before the one it follows.", f"relaxing.{name}")
        latest = max(latest, seconds)

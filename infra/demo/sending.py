"""One thing to be sent: an event of the invented shop before any client library has shaped it."""

from __future__ import annotations

from typing import Any

import msgspec

type Millis = int

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

SEGMENT, CLOUDEVENTS, WEBHOOK = "segment", "cloudevents", "webhook"


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """An event and the door it goes through.

    ``at`` is when it happened and ``arrives`` when its sender gets round to it, both in
    milliseconds UTC; a late event has ``arrives`` well after ``at``. ``copy`` is 1 for the second
    sending of the same id. ``fault`` names what is wrong with a broken one, and is empty otherwise.
    """

    door: str
    id: str
    type: str
    at: Millis
    arrives: Millis
    channel: str
    identifiers: tuple[tuple[str, str], ...]
    data: dict[str, Any] = {}
    person: int = -1
    copy: int = 0
    fault: str = ""
    time_text: str = ""
    """Sent in the place of ``at`` when a broken event needs a time that is none."""

    def __repr__(self) -> str:
        return f"<sending {self.id} {self.type} by {self.door}>"

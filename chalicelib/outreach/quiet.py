"""When somebody may be contacted: outside the quiet hours of the tenant's day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.kernel.moments import Millis
from chalicelib.outreach.model import QuietHours


def not_before(quiet: QuietHours, timezone: str, now: Millis) -> Millis:
    """The first instant from now on that is in no quiet hour: now, or the end of the hours that it is in."""
    here = datetime.fromtimestamp(now / 1000, ZoneInfo(timezone))
    if not _is_quiet(quiet, here.hour):
        return now
    ends = here.replace(hour=quiet.ends, minute=0, second=0, microsecond=0)
    if ends <= here:
        ends = (ends + timedelta(days=1)).replace(hour=quiet.ends)
    return int(ends.timestamp() * 1000)


def _is_quiet(quiet: QuietHours, hour: int) -> bool:
    if quiet.begins <= quiet.ends:
        return quiet.begins <= hour < quiet.ends
    return hour >= quiet.begins or hour < quiet.ends

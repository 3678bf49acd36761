"""Query parameters and headers of the API, and the shape of a row of the table of operations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from chalicelib.events.types import CHANNELS
from chalicelib.flows.export_views import FORMATS
from chalicelib.flows.paging import MOST_ROWS
from chalicelib.flows.read_catalogue import MOST_LISTED
from chalicelib.insights.groupings import OTHER, SEGMENTS
from chalicelib.insights.hot_words import WINDOW_HOURS


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter or header."""

    name: str
    says: str
    where: str = "query"
    required: bool = False
    schema: Mapping[str, Any] = MappingProxyType({"type": "string"})
    example: Any = None


class Operation(msgspec.Struct, frozen=True):
    """One route. ``summary`` is for views without a docstring; ``answer`` for those annotated as a Response.

    ``body`` are the types that a JSON body may have; ``media`` names others for some content types. ``refuses``
    are statuses beyond those that follow from the route (credential, body, parameters, ids in the path).
    ``texts`` are content types that the answer may have instead of JSON; without ``answer`` it has no others.
    """

    summary: str = ""
    details: str = ""
    body: tuple[Any, ...] = ()
    media: Mapping[str, tuple[Any, ...]] = {}
    answer: Any = None
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    refuses: tuple[int, ...] = ()
    texts: tuple[str, ...] = ()


PURPOSE = Parameter(
    "purpose",
    "What the profile is read for. Only `service` is served by this version; the others are refused with 403.",
    required=True,
    schema={"enum": ["service", "marketing", "analytics", "security", "legal"]},
    example="service",
)
AS_OF = Parameter(
    "as_of",
    "An RFC 3339 time with zone, not in the future: the answer is what it was then. Without it, what it is now. "
    "409 where the history cannot tell.",
    schema={"type": "string", "format": "date-time"},
    example="2026-11-22T08:00:00Z",
)
SCENE = Parameter(
    "scene",
    "Scenes with commas between: the tags as they weigh in them. Without it, in none.",
    example="night,asks_logistics",
)
TAG_PURPOSE = Parameter(
    "purpose",
    "What for; `service` unless told.",
    schema={"enum": ["service", "marketing", "analytics", "security", "legal"]},
)
TAG_REASON = Parameter("reason", "Why; it stands in the audit.", example="no longer a key account")
LIMIT = Parameter(
    "limit", "How many events, 20 unless told.", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
)
WORDS = Parameter(
    "limit", "How many words, 20 unless told.", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
)
CANDIDATES = Parameter(
    "limit", "How many pairs, 20 unless told.", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
)
ROWS = Parameter("limit", "How many, 20 unless told.", schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS})
DECLARATIONS = Parameter(
    "limit", "How many, 100 unless told.", schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED}
)
AUDIT_PRINCIPAL = Parameter("principal", "Only what this principal did.", example="supervisor-1")
AUDIT_PROFILE = Parameter("profile", "Only what was about this profile.", example="p_1")
SEER = Parameter("principal", "Whose sights; required.", example="agent-1")
WINDOW = Parameter("window", "How far back; `24h` unless told.", schema={"enum": sorted(WINDOW_HOURS)}, example="24h")
REGION = Parameter(
    "region", "Only people of this province, of a country's two letters, `unknown` or `other`.", example="浙江"
)
SEGMENT = Parameter("segment", "Only people of this segment.", schema={"enum": [*SEGMENTS, OTHER]}, example="vip")
ON_CHANNEL = Parameter(
    "channel", "Only what came through this channel.", schema={"enum": sorted(CHANNELS)}, example="wechat"
)
DAY = Parameter(
    "day",
    "The UTC day whose count is asked for; the newest unless told.",
    schema={"type": "string", "format": "date"},
    example="2026-11-21",
)
FROM = Parameter("from", "From this instant on.", example="2026-11-01T00:00:00+08:00")
TO = Parameter("to", "Before this instant.", example="2026-12-01T00:00:00+08:00")
FORECAST_QUEUE = Parameter("queue", "The queue to forecast.", required=True, example="payments")
FORECAST_DAYS = Parameter(
    "days", "How many days, 14 unless told.", schema={"type": "integer", "minimum": 1, "maximum": 14}, example=14
)
CODE = Parameter("code", "Only those with this code.", example="future_event")
CURSOR = Parameter("cursor", "The cursor that the page before ended with.")
EXPORT_FORMAT = Parameter("format", "`json` unless told.", schema={"enum": list(FORMATS)}, example="json")
EXPORT_PART = Parameter("part", "Which part, 1 unless told.", schema={"type": "integer", "minimum": 1}, example=1)
EXPORT_LANGUAGE = Parameter("language", "Of the page; `en` unless told.", schema={"enum": ["zh", "en"]}, example="zh")
CHANNEL = Parameter("channel", "Where the bot talks; `api` unless told.", example="wechat")
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "1 to 256 printable ASCII characters, new for each request. The same request with the same key again has no second "
    "effect and the same answer; another body under the same key within a day is refused with 409.",
    where="header",
    schema={"type": "string", "minLength": 1, "maxLength": 256},
)
WEBHOOK_ID = Parameter(
    "webhook-id", "The message's id, which is its idempotency key.", where="header", required=True, example="msg_1"
)
WEBHOOK_TIMESTAMP = Parameter(
    "webhook-timestamp",
    "Seconds since 1970, digits only, at most 5 minutes from now.",
    where="header",
    required=True,
    example="1795321200",
)

ONE_CALL = "Takes one call of the Segment HTTP tracking API. The answer is 200 also when the call is quarantined."

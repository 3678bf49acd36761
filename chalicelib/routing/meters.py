"""What one contact adds to the meters of service, as counters by queue, segment, channel and policy version.

A contact's counters are a function of its decision, its outcome and its place among the person's contacts; a change of one of
these adds the difference. So sums are always those of the outcomes as they stand, in whatever order they were told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.insights.groupings import UNKNOWN, segment_of
from chalicelib.insights.rates import bucket_of
from chalicelib.kernel.moments import DAY_MS, MINUTE_MS, Millis
from chalicelib.routing.inputs import Inputs
from chalicelib.routing.model import UNKNOWN_INTENT
from chalicelib.routing.outcome import Outcome

REPEATS_MS = 7 * DAY_MS
"""Who comes back with the same matter within this long has not been helped."""
CONTINUES_MS = 30 * MINUTE_MS
"""Who asks again so soon goes on with the same contact."""
EVERY = "*"
DIMENSIONS: tuple[str, ...] = ("all", "queue", "segment", "channel", "policy_version")
BETWEEN = "~"


class Contact(msgspec.Struct, frozen=True):
    """One decision as the meters see it. ``topic`` is '' where it was not known, or nobody was."""

    at: Millis
    queue: str
    channel: str
    segment: str
    policy_version: str
    mode: str
    topic: str
    first_response_limit: int
    conversation: bytes
    outcome: Outcome

    def values(self) -> Iterator[tuple[str, str]]:
        """Dimension and value of everything that it counts to."""
        yield from zip(DIMENSIONS, (EVERY, self.queue, self.segment, self.channel, self.policy_version), strict=True)


class Place(msgspec.Struct, frozen=True):
    """A contact among those of its person on the same matter. ``known`` is False where there is no person or matter.

    ``continues`` one of a moment ago; ``repeats`` one of the last days; ``followed`` by one that repeats it.
    """

    known: bool = False
    continues: bool = False
    repeats: bool = False
    followed: bool = False


NOWHERE = Place()


def contact_of(decision: Mapping[str, Any], inputs: Inputs, outcome: Outcome, at: Millis) -> Contact:
    """A stored decision as a contact. The segment is the first of those that its policy reads."""
    known = bool(decision["personalised"])
    topic = decision["intent"]["id"]
    return Contact(
        at=at,
        queue=decision["queue"],
        channel=inputs.facts["channel"],
        segment=segment_of(inputs.facts["tags"]) if known else UNKNOWN,
        policy_version=decision["policy_version"],
        mode=decision["mode"],
        topic=topic if known and topic != UNKNOWN_INTENT else "",
        first_response_limit=decision["sla"]["first_response_seconds"],
        conversation=inputs.conversation,
        outcome=outcome,
    )


def place_of(one: Contact, others: Iterable[Contact]) -> Place:
    """Where a contact stands among the others of its person."""
    if not one.topic:
        return NOWHERE
    continues = repeats = followed = False
    for other in others:
        if other.topic != one.topic:
            continue
        goes_on = _same_contact(one, other)
        if other.at <= one.at:
            continues = continues or goes_on
            repeats = repeats or (not goes_on and one.at - other.at <= REPEATS_MS)
        else:
            followed = followed or (not goes_on and other.at - one.at <= REPEATS_MS)
    return Place(True, continues, repeats and not continues, followed)


def counts_of(contact: Contact, place: Place) -> Counter[str]:
    """Everything that a contact counts, whatever it counts to."""
    told = contact.outcome
    found = Counter({"n": 1, f"mode.{contact.mode}": 1})
    if place.known and not place.continues:
        _add(found, "repeat", place.repeats)
    for name, holds in (
        ("resolved", told.resolved),
        ("transferred", told.transferred),
        ("adopted", told.proposal_adopted),
        ("sla", _sla_kept(contact)),
    ):
        if holds is not None:
            _add(found, name, holds)
    if told.resolved is not None and place.known and not (place.repeats or place.continues):
        _add(found, "fcr", told.resolved and not told.transferred and not place.followed)
    if told.csat is not None:
        found[f"csat.{told.csat}"] = 1
    for name, seconds in (("first", told.first_response_seconds), ("handling", told.handling_seconds)):
        if seconds is not None:
            found[f"{name}.sum"] = seconds
            found[f"{name}.{bucket_of(seconds)}"] = 1
    return found


def change_of(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    """What to add where one was counted and now is the other."""
    names = before.keys() | after.keys()
    return {name: after[name] - before[name] for name in sorted(names) if after[name] != before[name]}


def _same_contact(one: Contact, other: Contact) -> bool:
    if one.conversation and other.conversation:
        return one.conversation == other.conversation
    return abs(one.at - other.at) <= CONTINUES_MS


def _sla_kept(contact: Contact) -> bool | None:
    """As it was told; else whether the first response came within the decision's limit."""
    if contact.outcome.sla_kept is not None:
        return contact.outcome.sla_kept
    seconds = contact.outcome.first_response_seconds
    return None if seconds is None else seconds <= contact.first_response_limit


def _add(found: Counter[str], name: str, holds: bool) -> None:
    found[f"{name}.n"] = 1
    if holds:
        found[f"{name}.y"] = 1

"""Hears of decisions off their table's stream: publishes those that were made, and counts what came of them.

The stream gives every change at least once. What is published may come twice, with the same id; what is counted twice, after a
repeat, is the price of counting beside the store and not in it: meters are statistics.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.flows.read_volume import slot_in_day, volume_family
from chalicelib.flows.report_outcome import outcomes_of
from chalicelib.flows.services import Change
from chalicelib.kernel.errors import BadInput
from chalicelib.kernel.moments import DAY_MS, Millis, day_of, format_moment
from chalicelib.routing.inputs import read_inputs
from chalicelib.routing.meters import BETWEEN, REPEATS_MS, Contact, change_of, contact_of, counts_of, place_of
from chalicelib.store.rows import DecisionRow, HistoryStore
from chalicelib.store.tallies import TallyStore

FAMILY = "service"
KEPT_MS = 400 * DAY_MS
"""As long as decisions."""
MOST_CONTACTS = 60
"""Decisions of one person that are looked at; who asks more often within two weeks is a program."""


class Heard(msgspec.Struct, frozen=True):
    """One change of a decision's row. ``before`` is None for one that was made."""

    before: DecisionRow | None
    after: DecisionRow


class HearServices(msgspec.Struct, frozen=True):
    """What hearing needs. ``unreadable`` is told whose row this version cannot read, and a code: it holds up no other."""

    history: HistoryStore
    tallies: TallyStore
    publish: Callable[[Sequence[Change]], None]
    unreadable: Callable[[str, str], None]


UNREADABLE = (BadInput, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError)
"""What reading a row raises that is none, or one of another version."""

type _Sums = dict[tuple[str, str, int], Counter[str]]
"""(tenant, family, day) → name → what to add."""


def hear_decisions(heard: Sequence[Heard], services: HearServices) -> int:
    """Publish and count; returns how many were made. Raises Unavailable, and then all of it comes again."""
    read = [(one, said) for one in heard if (said := _told(one, services)) is not None]
    made = [said for one, said in read if one.before is None]
    if made:
        services.publish(made)
    sums: _Sums = {}
    for one, _ in read:
        try:
            for contact, change in _changes(one, services.history):
                _add(sums, one.after.tenant, contact, change)
            if one.before is None:
                _add_volume(sums, one.after)
        except UNREADABLE as error:
            services.unreadable(one.after.tenant, unreadable_code(error))
    for (tenant, family, day), counts in sorted(sums.items()):
        told = {name: amount for name, amount in sorted(counts.items()) if amount}
        if told:
            services.tallies.add(tenant, family, day, told, (day + 1) * DAY_MS + KEPT_MS)
    return len(made)


def _told(heard: Heard, services: HearServices) -> Change | None:
    """What there is to tell of a decision; None of one that cannot be read: raised, it would hold up its part of the
    stream for a day.
    """
    try:
        return made_change(heard.after)
    except UNREADABLE as error:
        services.unreadable(heard.after.tenant, unreadable_code(error))
        return None


def unreadable_code(error: Exception) -> str:
    """Why a row cannot be read, as a log may say: never a value of it."""
    return error.code if isinstance(error, BadInput) else "bad_content"


def made_change(row: DecisionRow) -> Change:
    """``decision.made``: where somebody goes and by which policy; nothing of what they are or said."""
    told: dict[str, Any] = msgspec.json.decode(row.content)
    agent = told.get("agent") or {}
    detail = {
        "tenant": row.tenant,
        "decision_id": row.decision_id,
        "profile_id": told["profile_id"],
        "personalised": told["personalised"],
        "at": format_moment(row.at),
        "mode": told["mode"],
        "queue": told["queue"],
        "skill": told["skill"],
        "intent": told["intent"]["id"],
        "urgency": told["urgency"]["level"],
        "priority": told["priority"],
        "agent_id": agent.get("agent_id"),
        "reservation_id": told.get("reservation_id"),
        "policy_version": told["policy_version"],
    }
    return Change("decision.made", detail)


def _changes(heard: Heard, history: HistoryStore) -> Iterator[tuple[Contact, dict[str, int]]]:
    """What a change adds to the contact, and to the one that it repeats."""
    contact = _contact(heard.after)
    others = _others(heard.after, contact, history)
    place = place_of(contact, others)
    if heard.before is not None:
        before = msgspec.structs.replace(contact, outcome=outcomes_of(heard.before).now)
        yield contact, change_of(counts_of(before, place), counts_of(contact, place))
        return
    yield contact, dict(counts_of(contact, place))
    if not place.repeats:
        return
    earlier = [one for one in others if one.at <= contact.at]
    for other in (one for one in earlier if one.topic == contact.topic):
        # To each that it follows, as if it had come just now: what is followed twice changes once.
        was = place_of(other, [one for one in earlier if one is not other])
        then = place_of(other, [contact, *(one for one in earlier if one is not other)])
        if was != then:
            yield other, change_of(counts_of(other, was), counts_of(other, then))


def _contact(row: DecisionRow) -> Contact:
    outcome = outcomes_of(row).now
    return contact_of(msgspec.json.decode(row.content), read_inputs(row.inputs), outcome, row.at)


def _others(row: DecisionRow, contact: Contact, history: HistoryStore) -> list[Contact]:
    """The person's other contacts in the days before, by which its place and that of those it repeats are known, and after."""
    if not contact.topic or not row.profile_id:
        return []
    until: Millis = row.at + REPEATS_MS + 1
    found = history.decisions_about(row.tenant, row.profile_id, before=until, limit=MOST_CONTACTS)
    near = (one for one in found if one.decision_id != row.decision_id and one.at >= row.at - 2 * REPEATS_MS)
    return [_contact(one) for one in near if one.inputs]


def _add(sums: _Sums, tenant: str, contact: Contact, change: dict[str, int]) -> None:
    day = day_of(contact.at)
    for dimension, value in contact.values():
        into = sums.setdefault((tenant, f"{FAMILY}.{dimension}", day), Counter())
        for name, amount in change.items():
            into[f"{value}{BETWEEN}{name}"] += amount


def _add_volume(sums: _Sums, row: DecisionRow) -> None:
    """One contact more of its queue in its half hour: a small item for each queue and day, which an update costs one unit."""
    queue: str = msgspec.json.decode(row.content)["queue"]
    sums.setdefault((row.tenant, volume_family(queue), day_of(row.at)), Counter())[slot_in_day(row.at)] += 1

"""Opens a ticket from a message or from fields: facts, links to what is known of the person, steps, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

from chalicelib.desk.model import Conversation
from chalicelib.events.model import Identifier
from chalicelib.flows.answer_route import caller_of, situation_of
from chalicelib.flows.current_tags import policy_tags
from chalicelib.flows.find_person import by_id, by_identifiers
from chalicelib.flows.identity_records import Audited, audit_record
from chalicelib.flows.named_agent import check_named_agent
from chalicelib.flows.services import ReadServices
from chalicelib.flows.serving import serving
from chalicelib.flows.ticket_services import TicketServices, tell_news
from chalicelib.kernel.errors import BadInput, NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.asked import Asked as AskedFor
from chalicelib.privacy.free_text import masked
from chalicelib.privacy.plain import is_plain_ref
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.cases import Case, cases
from chalicelib.profiles.model import Profile
from chalicelib.routing.decide import decide
from chalicelib.routing.facts import kept_channel
from chalicelib.routing.intent import COMPLAINT, matter_of
from chalicelib.routing.model import UNKNOWN_INTENT, Caller, Decision, Name, NamedIdentifier, RouteRequest
from chalicelib.tickets.changes import AgentOrNone
from chalicelib.tickets.facts import facts_of, kind_of
from chalicelib.tickets.model import TIMER, Facts, Kind, Linked, Priority, Ticket
from chalicelib.tickets.opening import Asked, opened
from chalicelib.tickets.sla import due_at

OTHER = "other"
MOST_LINKED = 10
LONGEST_TEXT = 1_000
_NOBODY = "-"
_OF_THE_DESK = re.compile(r"[0-9a-f]{32}")


class TicketRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a ticket is about, by a message or by fields, and who asks, where that is known. Fields win over the message."""

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=8_000, pattern=r"\S")] | None = None
    kind: Kind | None = None
    topic: Name | None = None
    priority: Priority | None = None
    queue: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    agent_id: AgentOrNone = ""
    channel: Name = "desk"
    conversation_id: Annotated[str, msgspec.Meta(max_length=256)] = ""
    decision_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    profile_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    identifiers: Annotated[tuple[NamedIdentifier, ...], msgspec.Meta(max_length=10)] = ()

    def __repr__(self) -> str:
        return "<ticket request>"


def open_ticket(
    request: TicketRequest, tenant: Tenant, ticket_id: str, who: str, services: TicketServices, now: Millis
) -> Ticket:
    """The ticket, saved and told of. The same ``ticket_id`` again is the same ticket.

    Raises BadInput ``nothing_asked``, ``bad_request`` and ``unknown_queue``, NotFound ``no_such_profile``, Unavailable.
    """
    before = services.tickets.load(tenant.tenant_id, [ticket_id]).get(ticket_id)
    if before is None:
        before = opened(_asked(request, tenant, ticket_id, who, services, now), services.rules, now)
        about = (before.profile_id,) if before.profile_id else ()
        audited = Audited("tickets.open", who, about, before.kind, ticket_id)
        services.reading.history.keep(audit_record(tenant.tenant_id, ticket_id, now, audited))
        if not services.tickets.keep(tenant.tenant_id, None, before, due_at(before, services.rules)):
            before = services.tickets.load(tenant.tenant_id, [ticket_id])[ticket_id]
    return tell_news(before, tenant, services, now)


def open_callback(conversation: Conversation, tenant: Tenant, services: TicketServices, now: Millis) -> Ticket:
    """The ticket by which somebody is called back who waited too long: one of each time that a conversation waited.

    Whatever became of their queue or their profile meanwhile, they are owed the call.
    """
    need, reading = conversation.need, services.reading
    known = bool(need.profile_id) and _is_known(tenant.tenant_id, need.profile_id, reading)
    request = TicketRequest(
        kind="callback",
        topic=need.intent if need.intent and need.intent != UNKNOWN_INTENT else OTHER,
        queue=need.queue if need.queue in reading.policy.declared.queues else "",
        channel=need.channel,
        conversation_id=conversation.key,
        decision_id=conversation.decision_id,
        profile_id=need.profile_id if known else None,
    )
    # The same chat may wait in vain again, when this ticket is long closed: since when it waits tells the two apart.
    ticket_id = f"tk_{conversation.key}_{conversation.waits_since:x}"
    return open_ticket(request, tenant, ticket_id, TIMER, services, now)


def _is_known(tenant_id: str, profile_id: str, reading: ReadServices) -> bool:
    try:
        by_id(tenant_id, profile_id, reading)
    except NotFound:
        return False
    return True


def _asked(
    request: TicketRequest, tenant: Tenant, ticket_id: str, who: str, services: TicketServices, now: Millis
) -> Asked:
    if not (request.message or request.kind or request.topic):
        raise BadInput("nothing_asked", "Say by a message, a kind or a topic what is asked for.", "message")
    check_named_agent(request.agent_id)
    profile = _person(request, tenant, services)
    known, decision = _judged(request, profile, tenant, services, now)

    def case_ref(reference: str) -> str:
        # Only where one needs it: the desk's own function has no key of the index.
        return services.reading.index(tenant).case_ref(reference)

    timezone = tenant.timezone or services.reading.policy.declared.timezone
    facts = facts_of(request.message or "", now, timezone, case_ref)
    topic = request.topic or _topic(decision)
    kind = request.kind or kind_of(request.message or "", topic, facts)
    if topic == COMPLAINT and request.topic is None:
        # The kind says that it is a complaint; whoever handles it needs to know what about.
        topic = matter_of(request.message or "", services.reading.policy.declared.trade)
    queues = services.reading.policy.declared.queues
    queue = request.queue or services.rules.queues.get(kind) or decision.queue
    if queue not in queues:
        raise BadInput("unknown_queue", "The policy has no such queue.", "queue")
    conversation = request.conversation_id
    return Asked(
        ticket_id=ticket_id,
        kind=kind,
        topic=topic,
        priority=request.priority or decision.urgency.level,
        queue=queue,
        first_response_seconds=queues[queue].sla.first_response_seconds,
        resolve_seconds=queues[queue].sla.resolve_seconds,
        who=who,
        profile_id="" if profile is None else profile.profile_id,
        channel=kept_channel(request.channel),
        conversation_id=case_ref(conversation) if _is_named(conversation) else conversation,
        decision_id=request.decision_id if is_plain_ref(request.decision_id) else "",
        agent_id=request.agent_id,
        text=masked(request.message or "")[:LONGEST_TEXT],
        facts=facts,
        linked=linked_of(known, facts),
    )


def _person(request: TicketRequest, tenant: Tenant, services: TicketServices) -> Profile | None:
    if request.profile_id is not None and request.identifiers:
        raise BadInput("bad_request", "Name the person by profile_id or by identifiers.", "profile_id")
    if request.profile_id is not None:
        return by_id(tenant.tenant_id, request.profile_id, services.reading)
    if not request.identifiers:
        return None
    try:
        named = [Identifier(one.namespace, one.value) for one in request.identifiers]
        return by_identifiers(tenant, named, services.reading)
    except BadInput as bad:
        if bad.code != "blocked_identifier":
            raise
        # A withheld number is how many callers come: they are unknown, not mistaken.
        return None


def _judged(
    request: TicketRequest, profile: Profile | None, tenant: Tenant, services: TicketServices, now: Millis
) -> tuple[Sequence[Case], Decision]:
    """The person's cases, and where a conversation about this would go: its queue, topic and urgency."""
    asked = RouteRequest(
        channel=request.channel,
        purpose="service",
        profile_id=_NOBODY if profile is None else profile.profile_id,
        message=request.message,
        intent=request.topic,
    )
    reading, caller, known = services.reading, Caller(), tuple[Case, ...]()
    if profile is not None:
        person, rules = serving(profile, AskedFor("service", tenant.asked_first), reading, now)
        scenes = situation_of(asked, now, tenant.timezone)
        tags = policy_tags(person, rules, now, scenes)
        caller = caller_of(person, tags, rules, now)
        known = cases(person.steps) if caller.personalised else ()
    decision = decide(reading.policy, asked, caller, decision_id=_NOBODY, now=now, timezone=tenant.timezone)
    return known, decision


def _is_named(conversation_id: str) -> bool:
    """Whether a caller's id of a conversation may name somebody; what the desk knows it by is a hash of ours."""
    return bool(conversation_id) and not _OF_THE_DESK.fullmatch(conversation_id) and not is_plain_ref(conversation_id)


def _topic(decision: Decision) -> str:
    return OTHER if decision.intent.id == UNKNOWN_INTENT else decision.intent.id


def linked_of(known: Iterable[Case], facts: Facts) -> tuple[Linked, ...]:
    """The person's cases: those that the message names first, then the open ones, then the latest."""
    named = set(facts.orders)
    found = sorted(known, key=lambda one: (one.ref in named, one.open, one.changed_at), reverse=True)
    return tuple(Linked(one.kind, one.ref, one.status, one.changed_at, one.topic or "") for one in found[:MOST_LINKED])

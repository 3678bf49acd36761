"""What people wrote, as counts of declared words: the only thing of a text that leaves its seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.flows.admission import Admitted
from chalicelib.flows.plan_save import Person
from chalicelib.flows.services import IngestServices
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.join import join
from chalicelib.profiles.model import Profile

TEXTS: Mapping[str, str] = {
    "message.received": "text",
    "ticket.opened": "text",
    "ticket.reopened": "text",
    "complaint.filed": "text",
    "search.performed": "query",
}
"""Event type → the field that holds what a person wrote."""


def count_words(
    events: Sequence[Admitted], people: Sequence[Person], tenant_id: str, services: IngestServices, now: Millis
) -> None:
    """Count the words of events that were saved just now; of people who are not profiled or refused analytics, none."""
    written = list(_written(events))
    if not written or services.tally is None:
        return
    # Loaded with the first text, so that a start without one does not wait for it.
    from chalicelib.insights import groupings, hot_words
    from chalicelib.quality.counters import Count
    from chalicelib.tags.engine import assess
    from chalicelib.tags.judging import judged, may_serve

    catalogue, lexicon = services.catalogue(tenant_id), services.words(tenant_id)
    owners = {facet: person for person in people for facet in person.component.facets}
    for one, text in written:
        person = owners.get(one.anchor)
        at = one.event.time
        if person is None or person.row.state != "active" or at <= now - hot_words.KEPT_MS:
            continue
        profile = judged(_profile(person), catalogue)
        if not may_serve(profile, "analytics", catalogue):
            continue
        tags = assess(catalogue, profile, now, among=groupings.SEGMENTS).tags
        mention = hot_words.Mention(
            at,
            groupings.region_of(profile),
            groupings.segment_of({tag.id for tag in tags}),
            one.event.channel,
            lexicon.found_in(text),
        )
        ends = hot_words.expires_at(at)
        services.tally.add(tenant_id, (Count(*place, 1, ends) for place in hot_words.tallied(mention)))


def _written(events: Sequence[Admitted]) -> Iterator[tuple[Admitted, str]]:
    for one in events:
        text = one.event.data.get(TEXTS.get(one.event.type, ""))
        if isinstance(text, str) and text:
            yield one, text


def _profile(person: Person) -> Profile:
    row = person.row
    return join(row.profile_id, row.version, row.state, row.generation, person.body)

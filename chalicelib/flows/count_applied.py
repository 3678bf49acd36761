"""What applied events add to the tallies, once each: an event that was found to be saved before adds nothing."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.flows.admission import Admitted
from chalicelib.flows.plan_save import Person
from chalicelib.flows.tally import Tally
from chalicelib.quality.counters import counts_of


def count_applied(events: Sequence[Admitted], people: Sequence[Person], tenant: str, tally: Tally) -> None:
    """Count events that were saved just now, and not found to have been; of restricted people no more than that they came."""
    resting = {facet for person in people if person.row.state != "active" for facet in person.component.facets}
    for one in events:
        if one.generation:
            # Our own flows made it: its source is a person or the desk, nobody that could fall silent or shift.
            continue
        tally.add(tenant, counts_of(one.event, one.deltas, one.writable_traits, rests=one.anchor in resting))

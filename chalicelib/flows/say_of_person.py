"""What staff, or a person for themselves, say of a stored profile: one save in which it counts at once, and what it changed.

Tags, consents and restrictions are said in this way. The word stands with the facet that was seen first, so that merges
and splits keep it with whom it was said of.
"""

from __future__ import annotations

import msgspec

from chalicelib.flows.follow import follow
from chalicelib.flows.models import NO_MODELS, Models
from chalicelib.flows.profile_of import profile_of
from chalicelib.flows.save_changes import RULE_FAILED, told_of_models
from chalicelib.flows.services import Change
from chalicelib.flows.tell_changes import About, still_open, tag_changes
from chalicelib.flows.time_told import confirmed, past_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.profiles.fold import fold
from chalicelib.profiles.model import Body, Contribution, FacetId
from chalicelib.store.rows import ProfileRow, ProfileStore
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.changes import changes
from chalicelib.tags.engine import assess
from chalicelib.tags.timers import earliest

ATTEMPTS = 8
RANK = 1_000
"""Above every source: at the same millisecond, a person's word wins."""
KEPT_DAYS = 3_650


def person_of(tenant_id: str, profile_id: str, profiles: ProfileStore) -> tuple[ProfileRow, Body]:
    """The stored row that answers for an id, and its body. Raises NotFound."""
    row = follow(tenant_id, [profile_id], profiles, fresh=True).get(profile_id)
    body = None if row is None or row.state == "erased" else decode(row.body, Body)
    if row is None or body is None or not body.facets:
        raise NotFound("no_such_profile", "There is no such profile.")
    return row, body


def first_facet(body: Body) -> FacetId:
    """Where a word is kept: with the facet that was seen first."""
    return min(body.facets, key=lambda one: (body.facets[one].first_seen, one))


def with_word(body: Body, one: Contribution) -> Body:
    """The body with a word in it."""
    facet = fold(body.facets[one.facet], [one])
    assert facet is not None, "a facet stays one"
    return msgspec.structs.replace(body, facets={**body.facets, one.facet: facet})


def told_anew(
    row: ProfileRow,
    body: Body,
    made: ProfileRow,
    kept: Body,
    rules: Catalogue,
    now: Millis,
    models: Models = NO_MODELS,
) -> tuple[ProfileRow, list[Change]]:
    """What to publish of a row that takes another's place, all rules looked at anew; and the row with when it is due."""
    about: About = {"tenant": row.tenant, "profile_id": row.profile_id, "version": made.version}
    was, grown, past = profile_of(row, body), profile_of(made, kept), past_of(row, body, now, rules)
    old, new = assess(rules, was, now), assess(rules, grown, now)
    told = [*still_open(past.changes, grown, rules), Change("profile.updated", about)]
    told += tag_changes(confirmed(changes(old, new), past, rules, grown, now), about, now)
    told += [Change(RULE_FAILED, {**about, "tag": failed.tag_id, "error": failed.error}) for failed in new.failed]
    assessed = [new] if past.walked is None else [past.walked.ends_in, new]
    made, moved = told_of_models(made, was, grown, models, rules, now)
    if row.outreach:
        from chalicelib.flows.raise_risks import raise_risks

        # Whoever says that they are not to be judged has it forgotten what was seen in them.
        made = raise_risks(made, [row], grown, None, None, rules).row
    return msgspec.structs.replace(made, due_at=earliest(rules, grown, assessed, now) or 0), [*told, *moved]

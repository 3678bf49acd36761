"""Whether a decision of the past may still be read for service: what it was made from is about a person of today."""

from __future__ import annotations

import msgspec

from chalicelib.flows.answer_route import decision_of
from chalicelib.flows.follow import follow
from chalicelib.flows.profile_of import profile_of
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Forbidden, NotFound
from chalicelib.profiles.model import Body
from chalicelib.store.rows import DecisionRow, HistoryStore, ProfileStore


class _Judged(msgspec.Struct, frozen=True):
    personalised: bool


_JUDGED = msgspec.json.Decoder(_Judged)


def shown_decision(tenant_id: str, decision_id: str, history: HistoryStore, profiles: ProfileStore) -> DecisionRow:
    """A decision that may be shown. What was decided without judging anybody always may.

    Raises NotFound for none and for one of who is erased, Forbidden ``not_profiled`` for one by what was known of who
    has refused or restricted that since: their word counts at once, for what is kept as for what comes.
    """
    row = decision_of(tenant_id, decision_id, history)
    if not row.profile_id or not _JUDGED.decode(row.content).personalised:
        return row
    found = follow(tenant_id, [row.profile_id], profiles, fresh=False).get(row.profile_id)
    if found is None or found.state == "erased":
        raise NotFound("no_such_decision", "There is no such decision.")
    if not profile_of(found, decode(found.body, Body)).is_profiled:
        raise Forbidden("not_profiled", "No rule judges this person for this purpose.")
    return row

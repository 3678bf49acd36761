"""What a store of raised risks promises, whichever it is."""

from __future__ import annotations

import pytest

from chalicelib.store.memory import MemoryHistory
from chalicelib.store.outreach import RISK, SAID, DynamoOutreach, MemoryOutreach, OutreachStore, risks_of
from chalicelib.store.rows import HistoryStore, Record
from tests.store import rows
from tests.store.backends import Stores


@pytest.fixture
def outreach(stores: Stores) -> OutreachStore:
    if stores.api:
        return DynamoOutreach(stores.api.call, stores.tables["TABLE_HISTORY"])
    assert isinstance(stores.history, MemoryHistory)
    return MemoryOutreach(stores.history)


def raised(history: HistoryStore, tenant: str, risk_id: str, at: int, whose: str) -> None:
    """What a save keeps of a risk."""
    history.keep(Record(tenant, RISK, risk_id, at, whose.encode(), rows.EXPIRES))
    history.keep(Record(tenant, risks_of(whose), risk_id, at, b"", rows.EXPIRES))


def test_risks__of_a_tenant__newest_first_and_between(outreach: OutreachStore, stores: Stores, tenant: str) -> None:
    """They are listed by time, of this tenant alone, and found by their ids."""
    for number in range(4):
        raised(stores.history, tenant, f"r{number}", rows.AT + number, "p1")
    assert [one.record_id for one in outreach.risks(tenant, before=rows.AT + 3, limit=2)] == ["r2", "r1"]
    found = outreach.between(tenant, after=rows.AT, until=rows.AT + 2, limit=9)
    assert [one.record_id for one in found] == ["r1", "r2"]
    one = outreach.risk(tenant, "r1")
    assert one is not None and one.content == b"p1"
    assert outreach.risk(tenant, "r9") is None and outreach.risk(tenant + "x", "r1") is None


def test_said__of_a_risk__is_kept_once(outreach: OutreachStore, stores: Stores, tenant: str) -> None:
    """The first answer stays; that it was sent is another matter; nothing is said of others."""
    raised(stores.history, tenant, "r1", rows.AT, "p1")
    answers = [Record(tenant, SAID[1], "r1", rows.AT + place, word) for place, word in enumerate((b"yes", b"no"))]
    assert outreach.say(answers[0]) and not outreach.say(answers[1])
    assert outreach.say(Record(tenant, SAID[0], "r1", rows.AT, b"sent"))
    said = outreach.said(tenant, ["r1", "r2"])
    assert {key: (one.content, one.at) for key, one in said.items()} == {
        (SAID[0], "r1"): (b"sent", rows.AT),
        (SAID[1], "r1"): (b"yes", rows.AT),
    }


def test_about__a_person__newest_first_and_of_nobody_else(outreach: OutreachStore, stores: Stores, tenant: str) -> None:
    """Each whole, as many as are asked for; of somebody unknown there is none."""
    for number, whose in enumerate(("p1", "p2", "p1", "p1")):
        raised(stores.history, tenant, f"r{number}", rows.AT + number, whose)
    found = outreach.about(tenant, "p1", limit=2)
    assert [(one.record_id, one.content, one.at) for one in found] == [
        ("r3", b"p1", rows.AT + 3),
        ("r2", b"p1", rows.AT + 2),
    ]
    assert len(outreach.about(tenant, "p1", limit=9)) == 3 and outreach.about(tenant, "p9", limit=9) == []


def test_forget__a_person__leaves_those_of_others(outreach: OutreachStore, stores: Stores, tenant: str) -> None:
    """Risks, what came of them and what leads to them are gone; page by page until none is left; again is no error."""
    for risk_id, whose in (("r1", "p1"), ("r2", "p1"), ("r3", "p1"), ("r4", "p2")):
        raised(stores.history, tenant, risk_id, rows.AT, whose)
        outreach.say(Record(tenant, SAID[0], risk_id, rows.AT, b"sent"))
    assert outreach.forget(tenant, "p1", at_most=2) == 2
    assert outreach.forget(tenant, "p1") == 1
    assert outreach.forget(tenant, "p1") == 0
    assert [one.record_id for one in outreach.risks(tenant, before=rows.AT + 1, limit=9)] == ["r4"]
    assert outreach.said(tenant, ["r1", "r2", "r3", "r4"]).keys() == {(SAID[0], "r4")}
    assert outreach.risk(tenant, "r1") is None

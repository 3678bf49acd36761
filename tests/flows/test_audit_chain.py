"""The chain over the audit holds as long as nobody touches a row, and says which one when somebody did."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib.flows.chain_audit import CHAIN, MARGIN_MS, OVERDUE_MS, chain_next, last_checkpoint, verify_audit
from chalicelib.flows.identity_records import AUDIT, Audited, audit_record
from chalicelib.flows.note_read import KEPT_DAYS, SEERS, Seen, Seer, note_read, seen_kind
from chalicelib.kernel.codec import decode, encode
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.privacy.audit_chain import Checkpoint, Finding, told
from chalicelib.store.memory import MemoryHistory
from chalicelib.store.rows import Record
from tests.flows.world import NOW, TENANT_ID

MOST = 10
LATER = NOW + 3 * HOUR_MS


def deed(number: int, tenant: str = TENANT_ID) -> Record:
    audited = Audited("profiles.merge", "bob", (f"p_{number}",), "said so", "p_1")
    return audit_record(tenant, f"m{number:03}", NOW + 10 * number, audited)


def sight(number: int, principal: str = "anna") -> Seen:
    return Seen(principal, "agent", "profiles.read", (f"p_{number}",), "service", ("personal",), ("traits.name",))


def chained(history: MemoryHistory, now: int = LATER) -> list[Checkpoint]:
    """Checkpoints until there is no more to write."""
    made: list[Checkpoint] = []
    while (one := chain_next(TENANT_ID, history, now, MOST)) is not None:
        made.append(one)
    return made


@pytest.fixture
def history() -> MemoryHistory:
    """Thirty deeds and thirty sights of two people, chained in several checkpoints."""
    kept = MemoryHistory()
    for number in range(30):
        kept.keep(deed(number))
        note_read(TENANT_ID, sight(number, ("anna", "bob")[number % 2]), kept, NOW + 10 * number + number % 3)
    assert len(chained(kept)) >= 6
    return kept


def look(history: MemoryHistory, head: str = "", now: int = LATER) -> list[Finding]:
    return list(verify_audit(TENANT_ID, history, now, head).findings)


def key_of(history: MemoryHistory, kind: str, place: int = 0) -> tuple[str, str, str]:
    return sorted(one for one in history.kept_records if one[1] == kind)[place]


def where(history: MemoryHistory, key: tuple[str, str, str]) -> int:
    """The number of the checkpoint that a row is in."""
    chain = [decode(row.content, Checkpoint) for row in history.records(TENANT_ID, CHAIN, before=1 << 60, limit=99)]
    at = history.kept_records[key].at
    return next(one.number for one in chain if one.from_ < at <= one.to)


def test_chain__untouched__holds_and_says_how_much(history: MemoryHistory) -> None:
    """Each row is in one checkpoint, and what came since waits for the next."""
    verdict = verify_audit(TENANT_ID, history, LATER)
    assert verdict.holds and (verdict.rows, verdict.waiting, verdict.expired) == (60, 0, 0)
    history.keep(replace(deed(77), at=LATER))
    verdict = verify_audit(TENANT_ID, history, LATER)
    assert verdict.holds and (verdict.rows, verdict.waiting) == (60, 1)
    last = last_checkpoint(TENANT_ID, history)
    assert last is not None and verdict.head == told(last.head) and verdict.chained_to == last.to
    assert look(history, verdict.head) == look(history, told(last.previous).replace("-", "").upper()) == []


def test_chain__nobody_was_audited__holds() -> None:
    """No row, no checkpoint, nothing to find; but a head that somebody witnessed is missed."""
    history = MemoryHistory()
    assert chained(history) == [] and look(history) == []
    assert [one.what for one in look(history, "ab" * 32)] == ["witness_not_found"]


@pytest.mark.parametrize("kind", [AUDIT, seen_kind("anna")])
@pytest.mark.parametrize("place", [0, 7, -1])
def test_row__altered__is_named(history: MemoryHistory, kind: str, place: int) -> None:
    """Content, or how long it is kept: by its checkpoint and its id, whatever the checkpoints after it say."""
    key = key_of(history, kind, place)
    row, number = history.kept_records[key], where(history, key)
    for changed in (replace(row, content=encode("x")), replace(row, expires_at=LATER + 10_000)):
        history.kept_records[key] = changed
        assert look(history) == [Finding(number, "altered", kind, key[2])]
    history.kept_records[key] = row
    assert look(history) == []


@pytest.mark.parametrize("kind", [AUDIT, seen_kind("anna")])
def test_row__removed__is_named(history: MemoryHistory, kind: str) -> None:
    """Also when the list of who saw somebody is removed with it."""
    key = key_of(history, kind, 4)
    number = where(history, key)
    del history.kept_records[key]
    assert look(history) == [Finding(number, "removed", kind, key[2])]
    for seer in [one for one in history.kept_records if one[1] == SEERS]:
        del history.kept_records[seer]
    assert look(history) == [Finding(number, "removed", kind, key[2])]


def test_row__inserted_into_the_past__is_named(history: MemoryHistory) -> None:
    """A deed that nobody did, and a sight that nobody had, dated back."""
    forged = replace(deed(99), at=NOW + 55)
    history.keep(forged)
    number = where(history, (TENANT_ID, AUDIT, forged.record_id))
    assert look(history) == [Finding(number, "inserted", AUDIT, forged.record_id)]
    seen = note_read(TENANT_ID, sight(1, "carl"), history, NOW + 56)
    assert look(history)[1:] == [Finding(number, "inserted", seen_kind("carl"), seen)]


def test_rows__swapped__are_both_named(history: MemoryHistory) -> None:
    """Their contents, or their instants within one checkpoint and over two."""
    one, other = key_of(history, AUDIT, 3), key_of(history, AUDIT, 25)
    first, second = history.kept_records[one], history.kept_records[other]
    history.kept_records[one] = replace(first, content=second.content)
    history.kept_records[other] = replace(second, content=first.content)
    assert [(found.what, found.id) for found in look(history)] == [("altered", one[2]), ("altered", other[2])]
    history.kept_records[one] = replace(first, at=second.at)
    history.kept_records[other] = replace(second, at=first.at)
    assert [(found.what, found.id) for found in look(history)] == [("moved", one[2]), ("moved", other[2])]


def test_tail__truncated__is_found_by_what_was_witnessed(history: MemoryHistory) -> None:
    """Rows without their checkpoints are overdue; without either, the head that the log was told is missed."""
    head = verify_audit(TENANT_ID, history, LATER).head
    last = last_checkpoint(TENANT_ID, history)
    assert last is not None
    del history.kept_records[TENANT_ID, CHAIN, f"{last.number:012}"]
    found = look(history)
    assert {one.what for one in found} == {"not_chained"} and len(found) == len(last.leaves)
    for leaf in last.leaves:
        del history.kept_records[TENANT_ID, leaf.kind, leaf.id]
    assert look(history) == [], "from within nothing can be seen"
    assert [one.what for one in look(history, head)] == ["witness_not_found"]


def test_chain__computed_anew_after_a_change__is_found_by_what_was_witnessed(history: MemoryHistory) -> None:
    """Whoever may write the table can make a chain that fits; the head of the other one stands in the log."""
    head = verify_audit(TENANT_ID, history, LATER).head
    history.kept_records[key_of(history, AUDIT, 3)] = replace(deed(3), content=encode("x"))
    for key in [one for one in history.kept_records if one[1] == CHAIN]:
        del history.kept_records[key]
    chained(history)
    assert look(history) == []
    assert [one.what for one in look(history, head)] == ["witness_not_found"]


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda one: replace(one, leaves=one.leaves[1:]), {"checkpoint_altered", "inserted"}),
        (lambda one: replace(one, previous=b"\1" * 32), {"checkpoint_altered", "checkpoint_does_not_follow"}),
        (lambda one: replace(one, head=b"\1" * 32), {"checkpoint_altered", "checkpoint_does_not_follow"}),
        (lambda one: replace(one, to=one.to + 1), {"checkpoint_altered", "checkpoint_does_not_follow"}),
        (lambda one: replace(one, number=one.number + 90), {"checkpoint_altered", "checkpoint_does_not_follow"}),
        (lambda _: "no checkpoint", {"checkpoint_altered", "checkpoint_does_not_follow", "inserted"}),
    ],
)
def test_checkpoint__altered__is_found(
    history: MemoryHistory, tamper: Callable[[Checkpoint], object], expected: set[str]
) -> None:
    """Its rows, its place, its hashes: the first finding says where it began."""
    key = key_of(history, CHAIN, 2)
    row = history.kept_records[key]
    history.kept_records[key] = replace(row, content=encode(tamper(decode(row.content, Checkpoint))))
    found = look(history)
    assert {one.what for one in found} == expected
    assert found[0].checkpoint >= 3


def test_checkpoint__removed_from_the_middle__is_found(history: MemoryHistory) -> None:
    """The next one does not follow any more, and its rows are nobody's."""
    del history.kept_records[key_of(history, CHAIN, 2)]
    found = look(history)
    assert found[0].checkpoint == 4 and {one.what for one in found} == {"checkpoint_does_not_follow", "inserted"}


def test_chain__of_another_tenant__does_not_fit(history: MemoryHistory) -> None:
    """Rows and checkpoints are bound to their tenant: a copy is no audit of somebody else's."""
    for (_, kind, id_), row in list(history.kept_records.items()):
        history.kept_records["t_other", kind, id_] = replace(row, tenant="t_other")
    found = verify_audit("t_other", history, LATER).findings
    assert {one.what for one in found} == {"altered", "checkpoint_altered"}


def test_two_runs_at_once__write_one_chain(history: MemoryHistory) -> None:
    """The number of a checkpoint is written once: who comes second stops, and the chain goes on from the first."""
    history.keep(replace(deed(77), at=LATER))
    before = last_checkpoint(TENANT_ID, history)

    class Raced(MemoryHistory):
        """Another run keeps its checkpoint between this one's reading and writing."""

        def keep(self, record: Record) -> bool:
            if record.kind == CHAIN and other:
                assert chain_next(TENANT_ID, history, other.pop(), MOST) is not None
            return history.keep(record)

    other = [LATER + HOUR_MS]
    raced = Raced()
    raced.kept_records = history.kept_records
    assert chain_next(TENANT_ID, raced, LATER + HOUR_MS, MOST) is None
    after = last_checkpoint(TENANT_ID, history)
    assert before is not None and after is not None and after.number == before.number + 1
    assert look(history) == []


def test_row__late_within_the_margin__is_chained_and_no_finding() -> None:
    """It bears the instant at which its call began, and is written when the call ends."""
    history = MemoryHistory()
    history.keep(deed(0))
    now = NOW + MARGIN_MS - 1
    assert chained(history, now) == []
    history.keep(replace(deed(1), at=NOW - 1))
    assert [[leaf.id for leaf in one.leaves] for one in chained(history, now + 1)] == [["m001", "m000"]]
    assert look(history) == []
    history.keep(replace(deed(2), at=NOW - 2))
    assert [one.what for one in look(history)] == ["inserted"], "later than the margin: it is told, and looked at"


def test_row__that_expired__may_be_gone_and_no_sooner(history: MemoryHistory) -> None:
    """Sights are kept for years and then deleted: the chain still holds, with one row less to compare."""
    kind = seen_kind("anna")
    for key in [one for one in history.kept_records if one[1] == kind]:
        del history.kept_records[key]
    assert {one.what for one in look(history)} == {"removed"} and len(look(history)) == 15
    years = LATER + KEPT_DAYS * DAY_MS
    chained(history, years)
    verdict = verify_audit(TENANT_ID, history, years)
    assert verdict.holds and verdict.expired == 15


def test_quiet_tenant__gets_a_checkpoint_in_an_hour(history: MemoryHistory) -> None:
    """What is dated back into a quiet stretch is found; and nobody who is never audited is written about."""
    history.keep(replace(deed(77), at=LATER))
    chained(history, LATER + DAY_MS)
    history.keep(replace(deed(78), at=LATER + 2 * HOUR_MS))
    found = look(history, now=LATER + DAY_MS)
    assert [(one.what, one.id) for one in found] == [("inserted", "m078")]


def test_rows__of_one_instant_beyond_a_checkpoints_room__stay_together() -> None:
    """A checkpoint ends between instants, so none is cut in two."""
    history = MemoryHistory()
    for number in range(3 * MOST):
        history.keep(replace(deed(number), at=NOW + number // 25))
    assert [len(one.leaves) for one in chained(history)][:2] == [25, 5]
    assert look(history) == []


def test_rows__old_and_in_no_checkpoint__are_told() -> None:
    """A schedule that does not run is not taken for a quiet audit."""
    history = MemoryHistory()
    history.keep(deed(0))
    assert look(history, now=NOW + OVERDUE_MS - 1) == []
    assert look(history, now=NOW + OVERDUE_MS) == [Finding(1, "not_chained", AUDIT, "m000")]


@pytest.mark.parametrize("content", [encode(Seer("somebody else")), b"no such thing"], ids=["renamed", "broken"])
def test_seer__renamed_or_broken_by_who_may_write_the_table__is_chained_all_the_same(content: bytes) -> None:
    """The list of who saw is itself not chained: whoever writes over its row takes no sight out of the chain."""
    history = MemoryHistory()
    note_read(TENANT_ID, sight(1, "mallory"), history, NOW)
    key = key_of(history, SEERS)
    history.kept_records[key] = replace(history.kept_records[key], content=content)
    (made,) = chained(history)
    assert [leaf.kind for leaf in made.leaves] == [seen_kind("mallory")]
    assert look(history) == []
    del history.kept_records[key_of(history, seen_kind("mallory"))]
    assert [one.what for one in look(history)] == ["removed"]

"""The chain over the audit: checkpoints that each commit to the rows of a stretch of time and to the one before.

Whoever can write the table can write a row; nobody can write one so that the chain still fits, unless they write the
chain anew from there on, and then its head is not the one that was told to the log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest

import msgspec

from chalicelib.kernel.moments import Millis

_ROW, _LEAVES, _HEAD = b"zhiyin audit row 1\0", b"zhiyin audit leaves 1\0", b"zhiyin audit head 1\0"
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_GROUP = 8
BEGINNING = b"\0" * 32
"""What the first checkpoint follows."""


class Leaf(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One row as a checkpoint commits to it: when, which, until when it is kept (seconds, 0 = for ever), its digest."""

    at: Millis
    kind: str
    id: str
    expires: int
    digest: bytes


class Checkpoint(msgspec.Struct, frozen=True):
    """The rows of (from_, to] of one tenant, in order. ``head`` commits to them and to all checkpoints before."""

    number: int
    from_: Millis
    to: Millis
    previous: bytes
    head: bytes
    leaves: tuple[Leaf, ...]


class Finding(msgspec.Struct, frozen=True, order=True):
    """Something that does not fit: at which checkpoint, what, and which row where it is about one."""

    checkpoint: int
    what: str
    kind: str = ""
    id: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What a look through the chain came to. ``findings`` are in the chain's order; none: it holds.

    ``expired`` rows were chained and have been deleted since, as they were kept to be. ``waiting`` rows are newer than
    the last checkpoint.
    """

    head: str
    checkpoints: int
    rows: int
    expired: int
    waiting: int
    chained_to: Millis
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def leaf_of(tenant: str, kind: str, id_: str, at: Millis, expires_at: Millis, content: bytes) -> Leaf:
    """A row as a checkpoint commits to it."""
    expires = expires_at // 1000
    digest = sha256(_ROW + _ENCODER.encode([tenant, kind, id_, at, expires, content])).digest()
    return Leaf(at, kind, id_, expires, digest)


def checkpoint_after(before: Checkpoint | None, tenant: str, leaves: Iterable[Leaf], to: Millis) -> Checkpoint:
    """The checkpoint that follows another, up to an instant."""
    number, from_, previous = (1, 0, BEGINNING) if before is None else (before.number + 1, before.to, before.head)
    kept = tuple(sorted(leaves))
    return Checkpoint(number, from_, to, previous, _head(tenant, number, from_, to, previous, kept), kept)


def _head(tenant: str, number: int, from_: Millis, to: Millis, previous: bytes, leaves: Sequence[Leaf]) -> bytes:
    root = sha256(_LEAVES + _ENCODER.encode(leaves)).digest()
    return sha256(_HEAD + _ENCODER.encode([tenant, number, from_, to, len(leaves), root, previous])).digest()


def told(head: bytes) -> str:
    """A head as a log and a person take it: groups of eight hexadecimal digits."""
    text = head.hex()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def examine(
    tenant: str, chain: Sequence[Checkpoint], rows: Collection[Leaf], witnessed: str, now: Millis, overdue: Millis
) -> Verdict:
    """Compare the rows that are stored with the chain. ``rows`` are the leaves that they would be today.

    ``witnessed`` is a head from outside, or ''. Rows up to ``overdue`` should have been chained by now.
    """
    stored = {(row.kind, row.id): row for row in rows}
    chained = {(leaf.kind, leaf.id): leaf for one in chain for leaf in one.leaves}
    last = chain[-1] if chain else None
    chained_to = last.to if last is not None else 0
    findings = [*_links(tenant, chain), *_rows(chain, stored, now), *_inserted(chain, stored, chained)]
    findings += [
        Finding(len(chain) + 1, "not_chained", row.kind, row.id)
        for row in stored.values()
        if chained_to < row.at <= overdue and (row.kind, row.id) not in chained
    ]
    heads = [told(one.head) for one in chain]
    if witnessed and _plain(witnessed) not in map(_plain, heads):
        findings.append(Finding(len(chain), "witness_not_found"))
    return Verdict(
        head=heads[-1] if heads else "",
        checkpoints=len(chain),
        rows=len(chained),
        expired=sum(key not in stored and _expired(leaf, now) for key, leaf in chained.items()),
        waiting=sum(row.at > chained_to for row in stored.values()),
        chained_to=chained_to,
        findings=tuple(sorted(findings)),
    )


def _plain(head: str) -> str:
    return head.replace("-", "").lower()


def _expired(leaf: Leaf, now: Millis) -> bool:
    return 0 < leaf.expires <= now // 1000


def _links(tenant: str, chain: Sequence[Checkpoint]) -> Iterator[Finding]:
    """Each checkpoint follows the one before, and says what it commits to."""
    number, to, head = 0, 0, BEGINNING
    for one in chain:
        if (one.number, one.from_) != (number + 1, to) or not compare_digest(one.previous, head):
            yield Finding(one.number, "checkpoint_does_not_follow")
        made = _head(tenant, one.number, one.from_, one.to, one.previous, one.leaves)
        if not compare_digest(made, one.head):
            yield Finding(one.number, "checkpoint_altered")
        if one.to <= one.from_ or not all(one.from_ < leaf.at <= one.to for leaf in one.leaves):
            yield Finding(one.number, "checkpoint_altered")
        number, to, head = one.number, one.to, one.head


def _rows(chain: Sequence[Checkpoint], stored: Mapping[tuple[str, str], Leaf], now: Millis) -> Iterator[Finding]:
    for one in chain:
        for leaf in one.leaves:
            row = stored.get((leaf.kind, leaf.id))
            if row is None:
                if not _expired(leaf, now):
                    yield Finding(one.number, "removed", leaf.kind, leaf.id)
            elif row.at != leaf.at:
                yield Finding(one.number, "moved", leaf.kind, leaf.id)
            elif not compare_digest(row.digest, leaf.digest):
                yield Finding(one.number, "altered", leaf.kind, leaf.id)


def _inserted(
    chain: Sequence[Checkpoint], stored: Mapping[tuple[str, str], Leaf], chained: Collection[tuple[str, str]]
) -> Iterator[Finding]:
    """Rows of a stretch that was chained already, and that its checkpoint does not know."""
    fresh = sorted(row for key, row in stored.items() if key not in chained)
    at = 0
    for one in chain:
        while at < len(fresh) and fresh[at].at <= one.to:
            yield Finding(one.number, "inserted", fresh[at].kind, fresh[at].id)
            at += 1

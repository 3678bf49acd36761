"""An erasure as it is ordered, as it goes on, and as its receipt tells of it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chalicelib.kernel.moments import Millis, format_moment
from chalicelib.kernel.texts import Text
from chalicelib.privacy.receipts import Signature
from chalicelib.profiles.model import FacetId, IdentifierKey
from chalicelib.store.rows import ProfileRow, unjudged

ORDER, ERASURE, RECEIPT, REFUSED = "erasure_order", "erasure", "receipt", "erasure_refused"
"""Kinds of the records of an erasure: asked for, begun, complete, and that there was nobody to erase."""


class EraseOrder(msgspec.Struct, frozen=True):
    """Whom to erase, and on whose word. ``erasure_id`` makes a repeat the same erasure.

    ``generations`` are how often each facet of theirs had been erased when it was asked for: who comes back under the
    same id is another generation, and was not meant. A facet that is not in it is meant whichever lives; with ``alone``
    nobody with such a facet is meant at all: a person can ask for themselves, and not for who was joined to them since.
    """

    erasure_id: str
    profile_id: str
    reason: str
    principal: str
    generations: dict[FacetId, int] = {}
    alone: bool = False


class Erasure(msgspec.Struct, frozen=True):
    """What is erased. ``facets`` map to the generation that ends; ``erased_until`` is the latest instant of it."""

    erasure_id: str
    at: Millis
    erased_until: Millis
    profile_ids: tuple[str, ...]
    facets: dict[FacetId, int]
    identifiers: dict[str, int]
    """Namespace → how many."""
    reason: str
    principal: str
    nodes: tuple[IdentifierKey, ...] = ()
    """Their blind indexes, as the tombstones have them: whoever restores a table must find them."""


class Progress(msgspec.Struct, frozen=True):
    """What was erased up to a checkpoint."""

    events: int = 0
    decisions: int = 0
    at_desk: int = 0


class Touched(msgspec.Struct, frozen=True):
    """One kind of thing in one store: what became of it, and of how many."""

    store: str
    what: str
    how: str
    count: int
    says: Text


class Left(msgspec.Struct, frozen=True):
    """What is not erased, and why that is nobody's any more."""

    store: str
    what: str
    says: Text


class Receipt(msgspec.Struct, frozen=True):
    """That an erasure is complete, and all it took: what a person may be given as proof. No value of a person is in it."""

    receipt_id: str
    tenant: str
    begun_at: str
    completed_at: str
    profile_ids: tuple[str, ...]
    facets: int
    identifiers: dict[str, int]
    events: int
    decisions: int
    touched: tuple[Touched, ...]
    left: tuple[Left, ...]


class SignedReceipt(msgspec.Struct, frozen=True):
    """A receipt with the signature of its canonical form."""

    document: Receipt
    signature: Signature


_TOUCHED: tuple[tuple[str, str, str, str, Text], ...] = (
    ("profiles", "profiles", "tombstoned", "profiles",
     Text("画像内容已删除，仅留空的墓碑", "the profile's content is deleted; an empty tombstone is left")),
    ("profiles", "identifiers", "tombstoned", "identifiers",
     Text("标识不再指向任何人，以后迟到的事件会被拒绝", "identifiers lead to nobody; late events about them are refused")),
    ("keys", "facet secrets", "deleted", "facets",
     Text("密钥已删除，任何备份中的密文都无法再打开", "the keys are deleted: no copy in any backup opens again")),
    ("history", "events", "stripped", "events",
     Text("事件内容已删除，仅留防重复的标记", "what events said is deleted; markers against repeats are left")),
    ("history", "decisions", "deleted", "decisions",
     Text("关于此人的决策已删除", "decisions about the person are deleted")),
    ("desk", "conversations and tickets", "deleted", "at_desk",
     Text("工单和服务台上已结束的会话已删除，进行中的会话不再指向此人",
          "tickets, and conversations at the desk that are over, are deleted; those that go on no longer name the person")),
    ("keys", "erasure ledger", "written", "ledger",
     Text("删除记录不随备份恢复而消失", "the ledger of erasures, which no restore takes back")),
)  # fmt: skip
"""Store, what, how, whose count, and what it means."""
LEFT: tuple[Left, ...] = (
    Left("history", "quarantine",
         Text("被拒绝的原文已加密，无法判断属于谁；重放会被拒绝，90 天后删除",
              "refused originals are sealed and cannot be told to be somebody's; a replay is refused; gone after 90 days")),
    Left("queues", "messages and dead letters",
         Text("消息已加密，处理时按墓碑拒绝；至多保留 14 天",
              "messages are sealed, and refused by the tombstones when they are worked on; gone after at most 14 days")),
    Left("uploads", "import files",
         Text("导入文件处理后删除，至多保留 7 天；其中此人的行会被拒绝",
              "import files are deleted once read, at most 7 days; lines about the person are refused")),
    Left("history", "idempotency keys",
         Text("仅为带密钥的摘要，一天后过期", "keyed digests only, which expire within a day")),
    Left("history", "merges, splits, matches, links, restrictions, exports, audit and jobs",
         Text("仅含不再指向任何人的编号", "ids only, which lead to nobody")),
    Left("history", "counts and hot words",
         Text("统计数字，不含任何个人", "statistics, which name nobody")),
    Left("profiles", "links of other people",
         Text("他人事件中出现过的该标识只以打码形式保留在他人画像中",
              "where another person's event carried an identifier, its masked form stays with that person")),
    Left("catalogue", "rules and settings", Text("不含个人数据", "holds nothing of any person")),
    Left("history", "stream of decisions",
         Text("决策表的变更流最多保留 24 小时，供通知与计数读取，随后自动消失",
              "the stream of changes that decisions are told and counted from holds what was written for at most 24 hours")),
    Left("desk", "agents and queues", Text("不含客户数据", "holds nothing of customers")),
    Left("backups", "copies of tables",
         Text("备份中的密文无法打开；恢复的表须先重放删除记录",
              "what is sealed in them does not open; a restored table serves only after the ledger is replayed into it")),
)  # fmt: skip
"""Every store that an erasure does not change, and why."""


def receipt_of(erasure: Erasure, tenant_id: str, done: Progress, now: Millis) -> Receipt:
    """The receipt of a complete erasure."""
    counts: Mapping[str, int] = {
        "profiles": len(erasure.profile_ids),
        "identifiers": sum(erasure.identifiers.values()),
        "facets": len(erasure.facets),
        "events": done.events,
        "decisions": done.decisions,
        "at_desk": done.at_desk,
        "ledger": 1,
    }
    return Receipt(
        receipt_id=erasure.erasure_id,
        tenant=tenant_id,
        begun_at=format_moment(erasure.at),
        completed_at=format_moment(now),
        profile_ids=erasure.profile_ids,
        facets=len(erasure.facets),
        identifiers=erasure.identifiers,
        events=done.events,
        decisions=done.decisions,
        touched=tuple(Touched(store, what, how, counts[of], says) for store, what, how, of, says in _TOUCHED),
        left=LEFT,
    )


def tombstone(row: ProfileRow, now: Millis) -> ProfileRow:
    """What is left of an erased profile: that there was one, and nothing of it."""
    return msgspec.structs.replace(
        unjudged(row),
        version=row.version + 1,
        state="erased",
        updated_at=now,
        body=b"",
        ties=b"",
        merged_into="",
        due_at=0,
    )

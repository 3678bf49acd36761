"""Random lives: events of few identifiers that many share, with merges and splits among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from chalicelib.events.model import Event, Identifier
from chalicelib.flows.snapshot import limits_of
from chalicelib.flows.split_people import link_id
from chalicelib.identity.partition import Ties
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import DAY_MS, HOUR_MS
from chalicelib.profiles.model import Body
from chalicelib.store.memory import MemorySecrets
from tests.flows.oracle import contributions_of, expected_bodies
from tests.flows.world import NOW, TENANT_ID, World

NAMES: Sequence[tuple[str, str]] = [
    *(("user_id", f"u{one}") for one in range(3)),
    *(("phone", f"+861390755123{one}") for one in range(3)),
    *(("email", f"reader{one}@shop.test") for one in range(3)),
    *(("anonymous_id", f"browser-{one}") for one in range(4)),
]
KINDS = ("order.paid", "message.received", *["profile.described"] * 2, "order.refunded", "consent.withdrawn")
DAYS = (0, 1, 2, 40, 91, 130, 400, 729)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event of one to three identifiers; equal instants are the hard ones, so whole days make them common."""
    kind = draw(st.sampled_from(KINDS))
    trusted = draw(st.booleans())
    who = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    traits = {"city": draw(st.sampled_from(["上海", "北京"])), "is_vip": draw(st.booleans())}
    order = {"order_id": draw(st.sampled_from(["o1", "o2"])), "amount": draw(st.sampled_from(["1.00", "250.5"]))}
    if kind == "consent.withdrawn" and traits["is_vip"]:
        kind = "consent.granted"
    agreed = {"purpose": draw(st.sampled_from(["marketing", "profiling"]))}
    told = {"profile": {"traits": traits}, "order": order, "consent": agreed}
    return Event(
        id=draw(st.uuids()).hex,
        type=kind,
        time=NOW - HOUR_MS - draw(st.sampled_from(DAYS)) * DAY_MS + draw(st.integers(0, 1)),
        received_at=NOW,
        tenant=TENANT_ID,
        source="s_crm" if trusted else "s_web",
        channel=draw(st.sampled_from(["web", "phone"])),
        identifiers=tuple(Identifier(*one) for one in who),
        data=told.get(kind.partition(".")[0], {"text": "退款"}),
    )


class Command(msgspec.Struct, frozen=True):
    """What an operator does: which people, merges or links it is about is chosen by number among those there are."""

    does: str
    one: int
    other: int
    force: bool


commands = st.builds(
    Command, st.sampled_from(["merge", "split", "cut"]), st.integers(0, 30), st.integers(0, 30), st.booleans()
)


class Life:
    """A world with tight limits, and what operators said in it so far."""

    def __init__(self, secrets: MemorySecrets | None = None) -> None:
        self.world = World(secrets=secrets)
        tight = {"user_id": 1, "phone": 2, "email": 2, "anonymous_id": 3}
        kept = self.world.tenants[TENANT_ID]
        self.tenant = msgspec.structs.replace(kept, limits=tight, shared_after=3)
        self.world.tenants[TENANT_ID] = self.tenant
        self.said = Ties()
        self.merges: list[str] = []

    def deliver(self, *sent: Event) -> None:
        """Through the doors and ingestion, in one batch."""
        for source in (self.world.web, self.world.crm):
            self.world.accept(*[one for one in sent if one.source == source.source_id], source=source)
        assert self.world.ingest().failed == {}

    def obey(self, command: Command) -> bool:
        """Do what an operator asks; False when it cannot be."""
        self.world.now += 1
        try:
            getattr(self, f"_{command.does}")(command)
        except (Conflict, NotFound):
            return False
        return True

    def _merge(self, command: Command) -> None:
        ids = sorted(profile_id for _, profile_id in self.world.profiles.rows)
        if len(ids) < 2:
            return
        one, other = ids[command.one % len(ids)], ids[command.other % len(ids)]
        if one == other:
            return
        merged = self.world.merge(one, other, force=command.force)
        kept = tuple(one for one in self.said.aparts if one not in merged.lifted)
        self.said = Ties(self.said.musts, kept).joined(Ties(merged.musts))
        self.merges.append(merged.merge_id)

    def _split(self, command: Command) -> None:
        if self.merges:
            self._cut_ties(merge_id=self.merges[command.one % len(self.merges)])

    def _cut(self, command: Command) -> None:
        links = sorted(
            (anchor, other)
            for facets in (decode(body, Body).facets for body in self.world.bodies())
            for anchor, facet in facets.items()
            for other in facet.links
            if other != anchor
        )
        if links:
            self._cut_ties(link_id=link_id(*links[command.one % len(links)]))

    def _cut_ties(self, **what: Any) -> None:
        split = self.world.split(**what)
        cut = {(one.left, one.right) for one in split.aparts}
        left = tuple(
            one
            for one in self.said.musts
            if one.merge_id != (split.merge_id or None) and (one.left, one.right) not in cut
        )
        self.said = Ties(left, self.said.aparts)
        self.said = self.said.joined(Ties(aparts=split.aparts))

    def bodies(self) -> dict[str, bytes]:
        """Profile id → body, of those who live."""
        live = self.world.profiles.rows.items()
        return {profile_id: row.body for (_, profile_id), row in live if row.state == "active"}

    def expected(self) -> dict[str, bytes]:
        """What the set of events and operators' words comes to."""
        index = self.world.keys.index(self.tenant)
        added = contributions_of(self.world.history.markers.values())
        return dict(expected_bodies(added, index, self.said, limits_of(self.tenant)))

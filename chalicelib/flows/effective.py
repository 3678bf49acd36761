"""What is in force for a tenant: the shipped declarations with the tenant's own laid over them.

Pure but for the store that ``InForceCatalogues`` asks. A declaration of a tenant takes the place of the
shipped one of its id; a withdrawn one takes it away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from math import inf
from typing import TYPE_CHECKING

import msgspec

from chalicelib.events.word_lists import WordList
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.tenants import Tenant
from chalicelib.profiles.measures import Measure, MeasureSet, load_measures
from chalicelib.routing.shipped import DEFAULT_TRADE, TRADES
from chalicelib.store.declarations import DeclarationStore, Draft, Entry, Kind, Standing
from chalicelib.tags.catalogue import Catalogue, load_catalogue
from chalicelib.tags.model import TagRule
from chalicelib.tags.scenes import Scene, load_scenes

if TYPE_CHECKING:
    # Who has published no plan of outreach reads nothing of it.
    from chalicelib.outreach.model import Plan
    from chalicelib.outreach.rules import RiskRules
    from chalicelib.routing.policy import Policy
    from chalicelib.segments.purposes import Purposes
    from chalicelib.segments.segmentation import Segmentations

POLICY = "default"
"""The id of the one routing policy that a tenant has."""
SECONDS = 60.0
"""How old what is in force may be before the head is asked for again."""
_SECONDS_AFTER_FAILURE = 5.0
_MOST_TENANTS = 64
"""Catalogues kept by one container; a tenant beyond that costs a load when it comes back."""
_ATTEMPTS = 3
_UNPUBLISHED = 0
"""The number of what was not published, which none has that was."""

NOTHING_OWN = Standing()

type Overlay = Mapping[tuple[Kind, str], Entry]
"""A tenant's own published declarations."""


class InForce:
    """One tenant's catalogue and policy as they are in force. Each part is made when it is first asked for.

    A declaration that this version of the product cannot read is left out, and ``unreadable`` is told: one of them
    must not stop everything else of its tenant.
    """

    def __init__(
        self,
        overlay: Overlay,
        standing: Standing = NOTHING_OWN,
        unreadable: Callable[[Kind, str], None] = lambda kind, id_: None,
        trade: str = DEFAULT_TRADE,
    ) -> None:
        # A trade of a later version of the product is none that this one has a policy for.
        self.trade = trade if trade in TRADES else DEFAULT_TRADE
        self.overlay = overlay
        self.unreadable = unreadable
        self.head = standing.head
        self.version = standing.head.version
        self.switched_off = standing.switched_off
        self.standing = standing

    @cached_property
    def catalogue(self) -> Catalogue:
        """The tag rules and measures."""
        off = self.off()
        if not self.version and not self.overlay and not off:
            return load_catalogue()
        return Catalogue(
            self.rules().values(),
            self.measures,
            scenes=self.scenes.values(),
            version=self.version,
            switched_off=off,
        )

    @cached_property
    def measures(self) -> MeasureSet:
        """The measures, withdrawn ones left out."""
        shipped = load_measures()
        if not self._of("measures"):
            return shipped
        return MeasureSet(self.laid_over("measures", shipped.measures, Measure).values())

    @cached_property
    def scenes(self) -> Mapping[str, Scene]:
        """The scenes."""
        return self.laid_over("scenes", {one.id: one for one in load_scenes()}, Scene)

    @cached_property
    def policy(self) -> Policy:
        """The routing policy: the tenant's own, or that of its trade."""
        # Who takes events in routes nobody, and reads nothing of how that is done.
        from chalicelib.routing.policy import shipped_policy

        own = self.overlay.get(("policies", POLICY))
        if own is None or not own.body:
            return shipped_policy(self.trade)
        # Who routes by what ships reads nothing of what a tenant's own is checked by.
        from chalicelib.routing.checked_policy import PolicyRefused, load_policy

        try:
            return msgspec.structs.replace(load_policy(msgspec.json.decode(own.body)), number=own.number)
        except PolicyRefused:
            self.unreadable("policies", POLICY)
            return shipped_policy(self.trade)

    @cached_property
    def words(self) -> Mapping[str, WordList]:
        """The lists of words to count."""
        return self.laid_over("words", {}, WordList)

    @cached_property
    def outreach(self) -> Plan | None:
        """The tenant's plan of proactive service; None: nobody is approached."""
        own = self.overlay.get(("outreach", POLICY))
        if own is None or not own.body:
            return None
        from chalicelib.outreach.model import Plan

        try:
            return msgspec.json.decode(own.body, type=Plan)
        except msgspec.ValidationError:
            self.unreadable("outreach", POLICY)
            return None

    @cached_property
    def risks(self) -> RiskRules | None:
        """The risk rules of that plan, ready to run."""
        if self.outreach is None:
            return None
        from chalicelib.outreach.rules import RiskRules

        return RiskRules(self.outreach, self.trade, self.catalogue)

    @cached_property
    def segmentations(self) -> Segmentations:
        """The ways to group everybody."""
        # Who is in no segment reads nothing of what segments are made of.
        from chalicelib.segments.segmentation import Segmentation, shipped_segmentations

        shipped = shipped_segmentations()
        return self.laid_over("segmentations", shipped, Segmentation) if self._of("segmentations") else shipped

    @cached_property
    def segment_purposes(self) -> Purposes:
        """What each of them may be used for: that part of them, for those who need no more."""
        from chalicelib.segments.purposes import DeclaredPurposes, purposes_of

        shipped = purposes_of("segments")
        if not self._of("segmentations"):
            return shipped
        of = {id_: DeclaredPurposes(id_, purposes) for id_, purposes in shipped.items()}
        laid = self.laid_over("segmentations", of, DeclaredPurposes)
        return {id_: one.purposes for id_, one in laid.items()}

    def rules(self) -> Mapping[str, TagRule]:
        """The tag rules, those that are switched off among them."""
        return self._rules

    @cached_property
    def _rules(self) -> Mapping[str, TagRule]:
        return self.laid_over("tags", shipped_rules(), TagRule)

    def off(self) -> frozenset[str]:
        """The tags whose rules are not evaluated, because as they are now they ran over their budget."""
        rules = self.rules() if self.switched_off else {}
        return frozenset(one for one, mark in self.switched_off.items() if one in rules and self.mark(one) == mark)

    def mark(self, tag_id: str) -> str:
        """What tells this rule from the one that is published in its place."""
        own = self.overlay.get(("tags", tag_id))
        rule = shipped_rules().get(tag_id)
        return f"published {own.number}" if own is not None else f"shipped {rule.version if rule else 0}"

    def laid_over[T](self, kind: Kind, shipped: Mapping[str, T], type_: type[T]) -> dict[str, T]:
        """The declarations of a kind by id, the tenant's in place of the shipped ones."""
        decoder = msgspec.json.Decoder(type_)
        found = dict(shipped)
        for one in self._of(kind):
            if not one.body:
                found.pop(one.id, None)
                continue
            try:
                found[one.id] = decoder.decode(one.body)
            except msgspec.ValidationError:
                self.unreadable(kind, one.id)
        return found

    def ids(self, kind: Kind) -> Collection[str]:
        """The ids that are in force."""
        return self.declared(kind).keys()

    def declared(self, kind: Kind) -> Mapping[str, msgspec.Struct]:
        """The declarations of a kind that are in force, by id."""
        if kind == "tags":
            return self.rules()
        if kind == "measures":
            return self.measures.measures
        if kind == "scenes":
            return self.scenes
        if kind == "segmentations":
            return self.segmentations
        if kind == "outreach":
            return {POLICY: self.outreach} if self.outreach is not None else {}
        return {POLICY: self.policy.declared} if kind == "policies" else self.words

    def with_entry(self, kind: Kind, id_: str, number: int, body: bytes | None) -> InForce:
        """The same with one declaration of the tenant's own more, withdrawn where ``body`` is empty.

        None takes the tenant's own away, so that what is shipped is in force.
        """
        overlay = {key: one for key, one in self.overlay.items() if key != (kind, id_)}
        if body is not None:
            overlay[kind, id_] = Entry(kind, id_, number, body)
        return InForce(overlay, self.standing, self.unreadable, self.trade)

    def _of(self, kind: Kind) -> Sequence[Entry]:
        return [one for (of, _), one in self.overlay.items() if of == kind]


@cache
def shipped_rules() -> Mapping[str, TagRule]:
    """The rules of the package, by id: those of persons and of groups."""
    shipped = load_catalogue()
    return {**shipped.rules, **{one.id: one for one in shipped.group_rules}}


class _Kept(msgspec.Struct):
    in_force: InForce
    asked_at: float


class InForceCatalogues:
    """Each tenant's catalogue in force: the head is asked for once it is a minute old, and never per event.

    While the store cannot be asked, what was in force goes on.
    """

    def __init__(
        self,
        store: Callable[[], DeclarationStore],
        clock: Callable[[], float],
        unreadable: Callable[[str, Kind, str], None] = lambda tenant_id, kind, id_: None,
        trade: Callable[[str], str] = lambda tenant_id: DEFAULT_TRADE,
    ) -> None:
        """``trade`` tells what trade a tenant is in; it may raise Unavailable."""
        self._store, self._clock, self._unreadable, self._trade = store, clock, unreadable, trade
        self._kept: dict[str, _Kept] = {}

    def __call__(self, tenant_id: str) -> InForce:
        """What is in force for a tenant. Raises Unavailable when it was never known here and cannot be asked."""
        kept, now = self._kept.get(tenant_id), self._clock()
        if kept is not None and now - kept.asked_at < SECONDS:
            return kept.in_force
        try:
            standing, overlay = self._read(tenant_id, kept)
            trade = self._trade(tenant_id)
        except Unavailable:
            if kept is None:
                raise
            kept.asked_at = now - SECONDS + _SECONDS_AFTER_FAILURE
            return kept.in_force
        if kept is not None and (kept.in_force.standing, kept.in_force.trade) == (standing, trade):
            kept.asked_at = now
            return kept.in_force
        self._kept.pop(tenant_id, None)
        if len(self._kept) >= _MOST_TENANTS:
            del self._kept[next(iter(self._kept))]
        in_force = InForce(overlay, standing, partial(self._unreadable, tenant_id), trade)
        self._kept[tenant_id] = _Kept(in_force, now)
        return in_force

    def fresh(self, tenant_id: str) -> InForce:
        """What is in force now, asked for now: for those who change it."""
        self.forget(tenant_id)
        return self(tenant_id)

    def forget(self, tenant_id: str) -> None:
        """Ask again when this tenant's is needed next: this very function changed it."""
        if tenant_id in self._kept:
            self._kept[tenant_id].asked_at = -inf

    def _read(self, tenant_id: str, kept: _Kept | None) -> tuple[Standing, Overlay]:
        for _ in range(_ATTEMPTS):
            standing = self._store().standing(tenant_id)
            if kept is not None and kept.in_force.head == standing.head:
                return standing, kept.in_force.overlay
            entries = self._store().bundle(tenant_id, standing.head)
            if entries is not None:
                return standing, overlay_of(entries)
        raise Unavailable("catalogue_moving", "The catalogue was published anew while it was read.")


def trades(tenant: Callable[[str], Tenant | None]) -> Callable[[str], str]:
    """Tells a tenant's trade; one that is gone has the default, and its callers are told elsewhere."""

    def trade(tenant_id: str) -> str:
        found = tenant(tenant_id)
        return DEFAULT_TRADE if found is None else found.trade

    return trade


def overlay_of(entries: Iterable[Entry]) -> Overlay:
    """Entries by kind and id."""
    return {(one.kind, one.id): one for one in entries}


def with_drafts(in_force: InForce, drafts: Iterable[Draft]) -> InForce:
    """What would be in force with these drafts published over it, under the same version."""
    overlay = dict(in_force.overlay)
    for draft in drafts:
        overlay[draft.kind, draft.id] = Entry(draft.kind, draft.id, _UNPUBLISHED, draft.body)
    return InForce(overlay, in_force.standing, in_force.unreadable, in_force.trade)


def effective_catalogue(in_force: InForce, overlay: Sequence[Draft] = ()) -> Catalogue:
    """The catalogue in force, with these drafts laid over it."""
    return with_drafts(in_force, overlay).catalogue if overlay else in_force.catalogue


def effective_policy(in_force: InForce, overlay: Sequence[Draft] = ()) -> Policy:
    """The routing policy in force, with these drafts laid over it."""
    return with_drafts(in_force, overlay).policy if overlay else in_force.policy

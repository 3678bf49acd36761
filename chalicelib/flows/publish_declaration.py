"""Puts a draft, or an earlier version, in force: checked against what is in force now, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chalicelib.flows.catalogue_services import CatalogueServices, Order, Published
from chalicelib.flows.draft_declaration import audited, check_body, check_name, draft_of
from chalicelib.flows.effective import InForce
from chalicelib.flows.identity_records import AUDIT, Audited
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.kernel.moments import Millis
from chalicelib.privacy.free_text import masked
from chalicelib.store.declarations import DeclarationState, Draft, Head, Publication, Version

ATTEMPTS = 5
"""Publications of others that may come in between."""


class _Content(msgspec.Struct, frozen=True):
    """What is to be in force. ``content_of`` None: it is new, and so of its own number."""

    action: str
    state: DeclarationState
    body: bytes
    draft: Draft | None = None
    content_of: int | None = None


def publish_declaration(order: Order, digest: str, services: CatalogueServices, now: Millis) -> Published:
    """Put a draft in force; with ``digest`` only if it still says that.

    Raises NotFound ``no_such_draft``, ManyMistakes ``bad_declaration``, Conflict ``draft_changed`` and
    ``catalogue_changed``.
    """

    def drafted() -> _Content:
        draft = draft_of(order, services)
        if digest not in ("", draft.digest):
            raise Conflict("draft_changed", "Somebody changed this draft meanwhile.")
        return _Content("catalogue.publish", draft.state, draft.body, draft)

    return _put_in_force(order, drafted, services, now)


def roll_back_declaration(order: Order, number: int | None, services: CatalogueServices, now: Millis) -> Published:
    """Put an earlier version in force again, under a new number; 0 is what is shipped, None the one before.

    Raises NotFound ``no_such_version``, ManyMistakes ``bad_declaration``, Conflict ``catalogue_changed``.
    """

    def earlier() -> _Content:
        newest = services.declarations.versions(order.tenant_id, order.kind, order.id, limit=1)
        if not newest:
            raise NotFound("no_such_version", "Nothing of this id was published.")
        target = newest[0].content_of - 1 if number is None else number
        if target == 0:
            return _Content("catalogue.rollback", "shipped", b"", content_of=0)
        found = services.declarations.version(order.tenant_id, order.kind, order.id, target) if target > 0 else None
        if found is None:
            raise NotFound("no_such_version", "There is no such version of it.")
        return _Content("catalogue.rollback", found.state, found.body, content_of=found.content_of)

    return _put_in_force(order, earlier, services, now)


def _put_in_force(order: Order, content: Callable[[], _Content], services: CatalogueServices, now: Millis) -> Published:
    check_name(order.id)
    for _ in range(ATTEMPTS):
        before = services.in_force(order.tenant_id)
        done = _done_before(order, before, services)
        if done is not None:
            # Whoever sent it before may have been cut off before those who listen were told.
            services.published(done)
            return done
        meant = content()
        check_body(order, meant.state, meant.body, before, services)
        made = _version(order, meant, before, services, now)
        if _published(order, meant, made, before, services, now):
            told = Published(order.tenant_id, order.kind, order.id, made.number, made.version, now, before)
            services.published(told)
            return told
    raise Conflict("catalogue_changed", "Others publish at the same time; try again.")


def _version(order: Order, meant: _Content, before: InForce, services: CatalogueServices, now: Millis) -> Version:
    newest = services.declarations.versions(order.tenant_id, order.kind, order.id, limit=1)
    number = newest[0].number + 1 if newest else 1
    return Version(
        kind=order.kind,
        id=order.id,
        number=number,
        state=meant.state,
        body=meant.body,
        at=now,
        principal=order.principal,
        reason=masked(order.reason),
        version=before.version + 1,
        content_of=number if meant.content_of is None else meant.content_of,
    )


def _published(
    order: Order, meant: _Content, made: Version, before: InForce, services: CatalogueServices, now: Millis
) -> bool:
    """Whether it is in force now. What the head before the last one named is not read any more, and goes."""
    store, tenant_id = services.declarations, order.tenant_id
    after = before.with_entry(made.kind, made.id, made.number, None if made.state == "shipped" else made.body)
    chunks = store.keep_bundle(tenant_id, made.version, tuple(after.overlay.values()))
    head = Head(made.version, chunks, before.head.chunks)
    record = audited(order, meant.action, str(made.number), now)
    if not store.publish(Publication(tenant_id, head, made, meant.draft, (record,))):
        return False
    services.forget(tenant_id)
    store.drop_chunks(tenant_id, before.head.before)
    return True


def _done_before(order: Order, in_force: InForce, services: CatalogueServices) -> Published | None:
    """What the same request, sent before, put in force."""
    kept = services.history.record_of(order.tenant_id, AUDIT, order.order_id)
    if kept is None:
        return None
    number = int(decode(kept.content, Audited).result)
    made = services.declarations.version(order.tenant_id, order.kind, order.id, number)
    if made is None:
        raise Conflict("catalogue_changed", "What this request published is no longer there.")
    return Published(order.tenant_id, order.kind, order.id, number, made.version, made.at, in_force)

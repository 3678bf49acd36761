"""Puts the product together: which store, which keys, which bus. The only place that does."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Collection, Sequence
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.key_ring import KeyRing
from chalicelib.aws.kms import Kms
from chalicelib.aws.retrying import wait
from chalicelib.aws.services import open_api
from chalicelib.aws.settings import Settings, load_settings
from chalicelib.entrypoints.clock import now
from chalicelib.entrypoints.recent import Recent
from chalicelib.entrypoints.request import Caller
from chalicelib.flows.effective import InForce, InForceCatalogues, trades
from chalicelib.flows.health_in_force import HealthInForce
from chalicelib.flows.met_lately import MetLately
from chalicelib.flows.models import Models
from chalicelib.flows.outreach import Outreach
from chalicelib.flows.services import (
    Change,
    DoorServices,
    IdentityServices,
    IngestKeys,
    IngestServices,
    Patience,
    ReadServices,
)
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.errors import NotAuthorised, NotFound, ZhiyinError
from chalicelib.privacy.permission import PURPOSES
from chalicelib.privacy.tenants import Tenant
from chalicelib.store.catalogue import DynamoCatalogue, SourceRecord
from chalicelib.store.dynamo_declarations import DynamoDeclarations
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.dynamo_profiles import DynamoProfiles
from chalicelib.store.health import DynamoHealth
from chalicelib.tags.catalogue import Catalogue
from chalicelib.tags.model import OVER_BUDGET, Failure

if TYPE_CHECKING:
    from chalicelib.aws.bus import Bus
    from chalicelib.aws.observability import Journal
    from chalicelib.aws.queue import Queue
    from chalicelib.flows.catalogue_services import CatalogueServices
    from chalicelib.insights.lexicon import Lexicon

CATALOGUE_SECONDS = 60
"""How long a tenant or source that was read is used without asking again."""
ANSWER_SECONDS = 18.0
"""How long a call that competes with other writers may take: the function is ended two seconds later."""


@cache
def settings() -> Settings:
    """The settings of this function."""
    return load_settings(os.environ)


@cache
def api(service: str) -> JsonApi:
    """One service's signed calls."""
    return open_api(service, settings(), credentials_from(os.environ))


@cache
def catalogue_store() -> DynamoCatalogue:
    """Tenants, sources and credentials."""
    return DynamoCatalogue(api("dynamodb").call, settings().table_catalogue)


@cache
def key_ring() -> KeyRing:
    """Tenants' keys, as far as this function's role may open them."""
    return KeyRing(Kms(api("kms")), settings(), time.monotonic, _key_unusable)


def _key_unusable(tenant_id: str, purpose: str, code: str) -> None:
    """KMS would not open a key: an alarm watches the count, and the line says which key and why."""
    journal().count("KeysUnusable")
    journal().warn("key_unusable", tenant=tenant_id, operation=purpose, code=code)


@cache
def _tenants() -> Recent[Tenant]:
    return Recent(catalogue_store().tenant, CATALOGUE_SECONDS, time.monotonic)


@cache
def _sources() -> Recent[SourceRecord]:
    return Recent(catalogue_store().source, CATALOGUE_SECONDS, time.monotonic)


def tenant(tenant_id: str) -> Tenant:
    """A tenant. Raises NotFound."""
    found = _tenants()(tenant_id)
    if found is None:
        raise NotFound("unknown_tenant", "There is no such tenant.")
    return found


def tenant_of(caller: Caller) -> Tenant:
    """The caller's tenant. Raises NotAuthorised when it is gone."""
    found = _tenants()(caller.tenant_id)
    if found is None:
        raise NotAuthorised
    return found


def source_of(caller: Caller) -> SourceRecord:
    """The caller's own source. Raises NotAuthorised when it is gone or another tenant's."""
    found = _sources()(caller.source_id)
    if found is None or found.tenant_id != caller.tenant_id:
        raise NotAuthorised
    return found


@cache
def declarations() -> DynamoDeclarations:
    """What tenants declare themselves."""
    return DynamoDeclarations(api("dynamodb").call, settings().table_catalogue, settings().table_history)


@cache
def in_force() -> InForceCatalogues:
    """What is in force for each tenant: not older than a minute, and no read per event."""
    return InForceCatalogues(declarations, time.monotonic, _unreadable, trades(_tenants()))


def _unreadable(tenant_id: str, kind: str, id_: str) -> None:
    """A declaration that was published under another version of the product: the alarm on failed rules rings."""
    journal().count("FailedRules")
    journal().warn("declaration_unreadable", tenant=tenant_id, code=kind, tag_id=id_)


def catalogue(tenant_id: str) -> Catalogue:
    """The tag rules and measures that are in force for a tenant, its sources being as they are.

    Raises Unavailable when they cannot be had.
    """
    return _as_sources_are(tenant_id, in_force()(tenant_id))


def _as_sources_are(tenant_id: str, standing: InForce) -> Catalogue:
    found = _tenants()(tenant_id)
    # Of a tenant that is gone nothing is used without a yes; that it is gone, its callers are told elsewhere.
    first = PURPOSES if found is None else found.asked_first
    return source_health().over(tenant_id, standing.catalogue, first)


@cache
def source_health() -> HealthInForce:
    """How each tenant's sources are: not older than a minute, and no read per event."""
    store = DynamoHealth(api("dynamodb").call, settings().table_catalogue)
    return HealthInForce(store, time.monotonic, now)


def words(tenant_id: str) -> Lexicon:
    """The words that a tenant counts in what people write. Raises Unavailable when they cannot be had."""
    # Loaded with the first text that is read.
    from chalicelib.flows.own_words import lexicon_of

    return lexicon_of(in_force()(tenant_id))


@cache
def _index(tenant_id: str, index_key: bytes, version: int, others: tuple[tuple[int, bytes], ...] = ()) -> BlindIndex:
    return BlindIndex(index_key, version, dict(others))


def index(of: Tenant) -> BlindIndex:
    """A tenant's blind index. Raises Unavailable when a key of it cannot be had."""
    ring = key_ring()
    if not of.later_index_keys:
        return _index(of.tenant_id, ring.index_key(of), of.index_version)
    keys = {version: ring.index_key(of, version) for version in of.index_keys}
    written = of.index_written(now())
    return _index(of.tenant_id, keys.pop(written), written, tuple(sorted(keys.items())))


def ingest_keys(of: Tenant) -> IngestKeys:
    """A tenant's keys for ingestion. Raises Unavailable when one cannot be had."""
    ring = key_ring()
    versions = sorted(of.branch_keys)
    branches = dict(ring.branch_key(of, one) for one in versions)
    return IngestKeys(index(of), branches, ring.ingest_private(of), of.branch_written(now()))


@cache
def _bus() -> Bus:
    from chalicelib.aws.bus import Bus

    return Bus(api("events"), settings().bus_name)


@cache
def queue() -> Queue:
    """What sends to queues."""
    from chalicelib.aws.queue import Queue

    return Queue(api("sqs"), message_limit_bytes=settings().message_limit_bytes)


@cache
def journal() -> Journal:
    """Log lines and metrics of this function."""
    # Most requests have nothing to tell, and what writes the lines takes a tenth of a start.
    from chalicelib.aws.observability import Journal

    return Journal(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"))


def publish(changes: Sequence[Change]) -> None:
    """Put changes on the bus. Raises Unavailable."""
    from chalicelib.aws.bus import BusEvent

    _bus().put_events([BusEvent(one.type, one.detail) for one in changes])


def send(bodies: Sequence[str]) -> None:
    """Queue message bodies. Raises Unavailable."""
    from chalicelib.aws.queue import Message

    queue().send(settings().queue_events_url, [Message(body) for body in bodies])


def raise_alarm(tenant_id: str, failed: Sequence[Failure]) -> None:
    """Count and name rules that could not be evaluated, for an alarm; those that ran over their budget are switched off."""
    for one in failed:
        journal().count("FailedRules")
        journal().warn("rule_failed", tenant=tenant_id, tag_id=one.tag_id, code=one.error)
    over = {one.tag_id for one in failed if one.error == OVER_BUDGET}
    if over:
        switch_off(tenant_id, over)
    journal().flush()


def switch_off(tenant_id: str, tag_ids: Collection[str]) -> None:
    """Switch off rules that ran over their budget; an alarm watches the count. What cannot be now will be with the
    next event that they are evaluated for.
    """
    # It happens to a rule in a thousand: no start should wait for it.
    from chalicelib.flows.switch_off import SwitchServices
    from chalicelib.flows.switch_off import switch_off as flow_of_switching

    standing = in_force()
    services = SwitchServices(declarations(), history(), standing, standing.forget)
    try:
        switched = flow_of_switching(tenant_id, tag_ids, services, now())
    except ZhiyinError as error:
        journal().warn("rules_not_switched_off", tenant=tenant_id, code=error.code)
        return
    for tag_id in switched:
        journal().count("SwitchedOffRules")
        journal().warn("rule_switched_off", tenant=tenant_id, tag_id=tag_id)


def patience(context: Any) -> Patience:
    """Full jitter between attempts, within the time that a function's invocation has left."""
    return Patience(
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000, pause=wait, random=random.random
    )


@cache
def door_services() -> DoorServices:
    """What the doors need."""
    return DoorServices(
        tenant=tenant,
        source=_sources(),
        webhook_secrets=lambda source: [
            key_ring().webhook_secret(source.tenant_id, one) for one in source.webhook_secrets
        ],
        send=send,
        message_limit_bytes=settings().message_limit_bytes,
    )


@cache
def profiles() -> DynamoProfiles:
    """People, and the identifiers that lead to them."""
    return DynamoProfiles(api("dynamodb").call, settings().table_profiles, settings().table_history)


@cache
def history() -> DynamoHistory:
    """Events, decisions, the quarantine and the audit."""
    return DynamoHistory(api("dynamodb").call, settings().table_history)


def read_services(tenant_id: str) -> ReadServices:
    """What answering for a tenant needs. Raises Unavailable when its catalogue cannot be had."""
    standing = in_force()(tenant_id)
    return _reading(tenant_id, standing, _as_sources_are(tenant_id, standing))


@lru_cache(maxsize=64)
def _reading(tenant_id: str, standing: InForce, rules: Catalogue) -> ReadServices:
    """Put together once for all that is asked while the same is in force."""
    return ReadServices(
        profiles=profiles(),
        history=history(),
        tenant=tenant,
        index=index,
        catalogue=rules,
        policy=standing.policy,
        alarm=partial(raise_alarm, tenant_id),
        models=partial(_models, tenant_id),
        outreach=partial(_outreach, tenant_id),
        segmentations=lambda: standing.segmentations,
        segment_purposes=lambda: standing.segment_purposes,
        met=met_lately(),
    )


@cache
def met_lately() -> MetLately:
    """Whom identifiers led to a moment ago, whichever tenant's they are."""
    return MetLately(time.monotonic)


def _outreach(tenant_id: str) -> Outreach | None:
    from chalicelib.entrypoints.outreach import outreach

    return outreach(tenant_id)


def _models(tenant_id: str) -> Models:
    # Only who shows a score asks for models.
    from chalicelib.entrypoints.models import models

    return models(tenant_id)


def past_services(tenant_id: str) -> ReadServices:
    """What answering for an earlier moment needs. Its patience begins with the call, so it is not kept."""
    return msgspec.structs.replace(read_services(tenant_id), patience=until_answered(base_seconds=0.1))


def catalogue_services() -> CatalogueServices:
    """What editing the catalogue needs."""
    from chalicelib.entrypoints.catalogue_jobs import tell_applied
    from chalicelib.flows.catalogue_services import CatalogueServices

    standing = in_force()
    return CatalogueServices(declarations(), history(), standing.fresh, standing.forget, tell_applied)


def identity_services(tenant_id: str) -> IdentityServices:
    """What merging and splitting needs. Its patience begins with the call, so it is not kept."""
    return IdentityServices(
        profiles=profiles(),
        history=history(),
        index=index,
        publish=publish,
        catalogue=catalogue(tenant_id),
        patience=until_answered(),
        models=_models(tenant_id),
    )


def until_answered(base_seconds: float = 0.02) -> Patience:
    """Full jitter between attempts, within the time that a caller waits from now on."""
    ends_at = time.monotonic() + ANSWER_SECONDS
    return Patience(lambda: ends_at - time.monotonic(), wait, random.random, base_seconds=base_seconds)


@cache
def ingest_services() -> IngestServices:
    """What ingestion needs."""
    from chalicelib.flows.tally import Tally
    from chalicelib.store.dynamo_secrets import DynamoSecrets
    from chalicelib.store.tallies import DynamoTallies

    call, names = api("dynamodb").call, settings()
    return IngestServices(
        profiles=profiles(),
        history=history(),
        secrets=DynamoSecrets(call, names.table_keys),
        tenant=tenant,
        keys=ingest_keys,
        publish=publish,
        catalogue=catalogue,
        random=os.urandom,
        tally=Tally(DynamoTallies(call, names.table_history), time.monotonic),
        words=words,
        models=_models,
        outreach=_outreach,
    )

"""The operator's command: tenants and their credentials, counts, what bodies are stored.

    python -m infra.operator tenant create --name "My shop" [--trade retail] [--timezone Asia/Shanghai] [--region CN]
    python -m infra.operator tenant update --tenant t_… [--trade finance] [--limit phone=3] [--shared-after 20] [--block VALUE] …
    python -m infra.operator source create --tenant t_… --name crm --channel shop [--trusted]
    python -m infra.operator token create --tenant t_… --role bot --principal chatbot
    python -m infra.operator matches --tenant t_… --merge-above 0.999    (or --never) merge probable matches by itself
    python -m infra.operator catalogue list|put|publish|rollback --tenant t_… --kind tags [--files FILE …] [--id ID]
    python -m infra.operator audit verify --tenant t_… [--head HASH]     whether nobody touched the audit; ends with 3 if so
    python -m infra.operator audit exposure --tenant t_… --principal anna [--from T] [--to T]     what somebody saw
    python -m infra.operator key rotate|status|remove --tenant t_… [--kind branch|index] [--version N]
    python -m infra.operator receipt-key --tenant t_…   the public key of receipts; an older tenant gets one
    python -m infra.operator receipt verify FILE [--key KEY]    whether a receipt of an erasure is genuine; needs no deployment
    python -m infra.operator restore --profiles NAME --history NAME    replay the ledger of erasures into restored copies
    python -m infra.operator counts --tenant t_…        what is stored, and what waits or is dead
    python -m infra.operator dead-letters list          what was given up on, with codes and without contents
    python -m infra.operator dead-letters replay [--queue events]
    python -m infra.operator bodies --tenant t_…        a hash of each profile's stored body
    python -m infra.operator reset --tenant t_… --yes   forget people and history, keep keys (not in AWS)

Works on the local cloud, or with ``--stack NAME`` on a stack in AWS. Tokens are printed once and kept
nowhere: only their hashes are.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.key_ring import context, new_tenant
from chalicelib.aws.kms import Kms
from chalicelib.aws.queue import Queue, job_messages
from chalicelib.aws.services import open_api
from chalicelib.aws.settings import Settings
from chalicelib.kernel.errors import ZhiyinError
from chalicelib.privacy.credentials import SCOPES, SECRET_BYTES, Credential, hash_token, may_be_called, new_token
from chalicelib.privacy.fields import CONSENTS, FIELDS, allowed_traits
from chalicelib.store.catalogue import DynamoCatalogue, SourceRecord
from chalicelib.store.dynamo_secrets import DynamoSecrets
from chalicelib.store.sweeps import DynamoIdentifiers
from infra import (
    audit,
    dead_letters,
    declarations,
    deployment,
    logs,
    operator_options,
    protections,
    receipts,
    restore,
    rotation,
    stored,
)
from infra.failures import Failure
from infra.stack import NAME

DOES_NOT_HOLD = 3
"""What the command ends with when it was carried out and what it looked at does not hold."""
_SHORT_ID_BYTES = 9
_LEAST_SURE = 0.95
_SECRET_BYTES = 24


class Operator:
    """One deployment, as an operator may change it."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.settings: Settings = deployment.settings(environ)
        self.catalogue = DynamoCatalogue(self.api("dynamodb").call, self.settings.table_catalogue)

    def api(self, service: str) -> JsonApi:
        """Signed calls of one service."""
        return open_api(service, self.settings, credentials_from(self.environ))

    def create_tenant(self, name: str, timezone: str, region: str, horizon_days: int) -> dict[str, str]:
        """A tenant with keys, its first admin token, and a first trusted source, which may bring consents, with its write key."""
        tenant_id = "t_" + _short_id()
        made = new_tenant(
            Kms(self.api("kms")), self.settings, os.urandom, tenant_id=tenant_id, name=name, timezone=timezone
        )
        self.catalogue.keep(msgspec.structs.replace(made, region=region, horizon_days=horizon_days))
        source = self.create_source(tenant_id, "first source", "web", trusted=True, consents=True)
        return {
            "tenant_id": tenant_id,
            "admin_token": self.create_token(tenant_id, "admin", "admin"),
            **source,
        }

    def protect(self, tenant_id: str, changed: protections.Protections) -> dict[str, object]:
        """Change a tenant's protections; returns all of them. Functions go by them within a minute."""
        tenant = self.catalogue.tenant(tenant_id)
        if tenant is None:
            raise Failure(f"There is no tenant {tenant_id}.")
        protected = changed.of(tenant)
        self.catalogue.keep(protected)
        return protections.told(protected)

    def create_source(
        self, tenant_id: str, name: str, channel: str, *, trusted: bool, consents: bool = False
    ) -> dict[str, str]:
        """A source, its write key, and the secret its webhooks are signed with. ``consents``: it may say who agreed."""
        self._known(tenant_id)
        source_id = "s_" + _short_id()
        secret = "whsec_" + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
        kms = Kms(self.api("kms"))
        wrapped = kms.encrypt(self.settings.key_index_id, secret.encode(), context(tenant_id, "webhook"))
        record = SourceRecord(
            tenant_id=tenant_id,
            source_id=source_id,
            name=name,
            channel=channel,
            rank=2 if trusted else 1,
            traits=tuple(sorted(allowed_traits(FIELDS if trusted else None) | ({CONSENTS} if consents else set()))),
            webhook_secrets=(wrapped,),
        )
        self.catalogue.keep(record)
        write_key = new_token("source", os.urandom(SECRET_BYTES))
        self.catalogue.keep_credential(Credential(hash_token(write_key), "source", tenant_id, source_id, ("source",)))
        return {"source_id": source_id, "write_key": write_key, "webhook_secret": secret}

    def believe_consents(self, tenant_id: str, source_id: str, *, believed: bool) -> dict[str, Any]:
        """From now on a source's word that somebody agreed is believed, or is not. Doors go by it within a minute."""
        source = self.catalogue.source(source_id)
        if source is None or source.tenant_id != tenant_id:
            raise Failure(f"There is no source {source_id} of {tenant_id}.")
        traits = {*source.traits, CONSENTS} if believed else set(source.traits) - {CONSENTS}
        self.catalogue.keep(msgspec.structs.replace(source, traits=tuple(sorted(traits))))
        return {"source_id": source_id, "consents": believed}

    def create_token(self, tenant_id: str, role: str, principal: str) -> str:
        """A principal's token with the scopes of its role."""
        self._known(tenant_id)
        if role not in SCOPES or role == "source":
            roles = ", ".join(sorted(set(SCOPES) - {"source"}))
            raise Failure(f"There is no role {role!r}; there are {roles}.")
        if not may_be_called(principal):
            raise Failure("A principal has a printable name, and not that of the people themselves: person.")
        token = new_token("principal", os.urandom(SECRET_BYTES))
        self.catalogue.keep_credential(Credential(hash_token(token), "principal", tenant_id, principal, (role,)))
        return token

    def merge_matches(self, tenant_id: str, above: float | None) -> dict[str, Any]:
        """From which score on probable matches are merged by themselves; None = never."""
        if above is not None and not _LEAST_SURE <= above <= 1:
            raise Failure(f"A score to merge from is {_LEAST_SURE} to 1: below, a person must look.")
        tenant = self.catalogue.tenant(tenant_id)
        if tenant is None:
            raise Failure(f"There is no tenant {tenant_id}.")
        self.catalogue.keep(msgspec.structs.replace(tenant, merge_above=above))
        return {"tenant_id": tenant_id, "merge_above": "never" if above is None else above}

    def declare(self, asked: argparse.Namespace) -> dict[str, Any]:
        """List, draft, publish or roll back a tenant's declarations."""
        self._known(asked.tenant)
        names = self.settings
        services = declarations.services_on(
            self.api("dynamodb").call, names.table_catalogue, names.table_history, self._queue_job
        )
        return declarations.run(asked, services, lambda: time.time_ns() // 1_000_000)

    def rotation(self) -> rotation.Rotation:
        """What the commands about keys need."""
        call, names = self.api("dynamodb").call, self.settings
        return rotation.Rotation(
            self.catalogue,
            DynamoSecrets(call, names.table_keys),
            DynamoIdentifiers(call, names.table_profiles),
            Kms(self.api("kms")),
            names,
        )

    def keys(self, asked: argparse.Namespace) -> dict[str, Any]:
        """Rotate a tenant's keys, say how far it is, remove an old one."""
        tenant = self.catalogue.tenant(asked.tenant)
        if tenant is None:
            raise Failure(f"There is no tenant {asked.tenant}.")
        return dict(rotation.run(asked, tenant, self.rotation(), time.time_ns() // 1_000_000))

    def _queue_job(self, tenant_id: str, job_id: str, parts: Sequence[str], delay_seconds: int) -> None:
        queue = Queue(self.api("sqs"), message_limit_bytes=self.settings.message_limit_bytes)
        queue.send(self.settings.queue_catalogue_url, job_messages(tenant_id, job_id, parts, delay_seconds))

    def counts(self, tenant_id: str) -> dict[str, int]:
        """Rows by kind, and messages that wait, are being worked on, or are dead."""
        self._known(tenant_id)
        return stored.counts(self.environ, tenant_id) | self._queued()

    def bodies(self, tenant_id: str) -> dict[str, str]:
        """Profile id → hash of the stored body, for profiles that are not redirects."""
        self._known(tenant_id)
        return stored.bodies(self.environ, tenant_id)

    def reset(self, tenant_id: str) -> int:
        """Forget a tenant's people and history and keep its keys; returns how many items went."""
        self._known(tenant_id)
        return stored.forget(self.environ, tenant_id)

    def dead_letters(self, verb: str, named: str | None, stack: str | None) -> dict[str, Any]:
        """By queue, a summary of its dead letters, or how many of them were moved back to it."""
        chosen = [one for one in deployment.queues(stack) if named in (None, one.name)]
        if not chosen:
            there = ", ".join(one.name for one in deployment.queues(stack))
            raise Failure(f"No queue is called {named!r}; there are {there}.")
        call = self.api("sqs").call
        if verb == "replay":
            return {one.name: dead_letters.move_back(one, call, _say, time.sleep) for one in chosen}
        client = deployment.logs_client(stack)

        def codes_of(since: int) -> Mapping[str, str]:
            try:
                return logs.failed_messages(client, stack or NAME, since)
            except (BotoCoreError, ClientError) as error:
                _say(f"Codes cannot be told, because the logs cannot be read: {error}")
                return {}

        return {one.name: dead_letters.summary(one, call, codes_of) for one in chosen}

    def audit(self, asked: argparse.Namespace) -> dict[str, Any]:
        """Whether a tenant's audit holds, or what a principal saw."""
        self._known(asked.tenant)
        return audit.run(asked, self.api("dynamodb").call, self.settings.table_history)

    def _known(self, tenant_id: str) -> None:
        if self.catalogue.tenant(tenant_id) is None:
            raise Failure(f"There is no tenant {tenant_id}.")

    def _queued(self) -> dict[str, int]:
        waiting = self._attributes(self.settings.queue_events_url)
        dead = self._attributes(self.environ["QUEUE_DEAD_LETTERS_URL"])
        return {
            "waiting": int(waiting["ApproximateNumberOfMessages"]),
            "in_flight": int(waiting["ApproximateNumberOfMessagesNotVisible"]),
            "dead_messages": int(dead["ApproximateNumberOfMessages"]),
        }

    def _attributes(self, queue_url: str) -> dict[str, str]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.api("sqs").call("GetQueueAttributes", {"QueueUrl": queue_url, "AttributeNames": names})
        attributes: dict[str, str] = answer["Attributes"]
        return attributes


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _short_id() -> str:
    # URL-safe and without a leading dash, which would read as an option on a command line.
    return secrets.token_urlsafe(_SHORT_ID_BYTES).replace("-", "a").replace("_", "b")


def _parser() -> argparse.ArgumentParser:
    return operator_options.parser((__doc__ or "").partition("\n")[0])


def _tenant(asked: argparse.Namespace, operator: Operator) -> dict[str, Any]:
    changed = protections.asked_for(asked)
    if asked.verb == "update":
        if not asked.tenant:
            raise Failure("Say which tenant to change: --tenant t_….")
        return dict(operator.protect(asked.tenant, changed))
    if not asked.name:
        raise Failure("A new tenant needs a --name.")
    made = operator.create_tenant(asked.name, asked.timezone, asked.region, asked.horizon_days)
    if changed != protections.Protections():
        operator.protect(made["tenant_id"], changed)
    return dict(made)


def _source(asked: argparse.Namespace, operator: Operator) -> dict[str, Any]:
    if asked.verb == "update":
        if not asked.source:
            raise Failure("Say which source to change: --source s_….")
        return operator.believe_consents(asked.tenant, asked.source, believed=asked.consents)
    if not asked.name:
        raise Failure("A new source needs a --name.")
    made = operator.create_source(
        asked.tenant, asked.name, asked.channel, trusted=asked.trusted, consents=asked.consents
    )
    return dict(made)


_COMMANDS: Mapping[str, Callable[[argparse.Namespace, Operator], Mapping[str, Any]]] = {
    "dead-letters": lambda asked, operator: operator.dead_letters(asked.verb, asked.queue, asked.stack),
    "tenant": _tenant,
    "source": _source,
    "token": lambda asked, operator: {"token": operator.create_token(asked.tenant, asked.role, asked.principal)},
    "matches": lambda asked, operator: operator.merge_matches(asked.tenant, asked.merge_above),
    "key": lambda asked, operator: operator.keys(asked),
    "catalogue": lambda asked, operator: operator.declare(asked),
    "audit": lambda asked, operator: operator.audit(asked),
    "receipt-key": lambda asked, to: receipts.key_of(asked.tenant, to.catalogue, Kms(to.api("kms")), to.settings),
    "restore": lambda asked, to: restore.run(asked, to.catalogue, to.api, to.settings, _say),
    "counts": lambda asked, operator: operator.counts(asked.tenant),
    "bodies": lambda asked, operator: operator.bodies(asked.tenant),
    "reset": lambda asked, operator: {"deleted": operator.reset(asked.tenant)},
}


def run(asked: argparse.Namespace) -> dict[str, Any]:
    """Carry out one command. Raises Failure and ZhiyinError."""
    if asked.noun == "reset" and asked.stack is not None:
        raise Failure("reset forgets people without a receipt, so it works on the local cloud only.")
    if asked.noun == "receipt":
        return receipts.verify_file(asked.file, asked.key)
    return dict(_COMMANDS[asked.noun](asked, Operator(deployment.environment(asked.stack))))


def main(given: list[str] | None = None) -> int:
    """The command; 1 and one sentence when it cannot be done."""
    asked = _parser().parse_args(given)
    try:
        answer = run(asked)
    except (Failure, ZhiyinError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: run the same again to go on.", file=sys.stderr)
        return 130
    if asked.json:
        print(msgspec.json.encode(answer).decode())
    else:
        for name, value in answer.items():
            print(f"{name:16} {value}")
    return 0 if answer.get("holds", True) else DOES_NOT_HOLD


if __name__ == "__main__":
    sys.exit(main())

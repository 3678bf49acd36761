"""The operator's way to a tenant's declarations: files in, and the same checks, audit and publishing as over HTTP."""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from chalicelib.flows.catalogue_services import CatalogueServices, Order, Published
from chalicelib.flows.draft_declaration import draft_declaration
from chalicelib.flows.effective import InForceCatalogues, trades
from chalicelib.flows.job_services import JobDoor
from chalicelib.flows.lay_over import tell_published
from chalicelib.flows.publish_declaration import publish_declaration, roll_back_declaration
from chalicelib.flows.read_catalogue import MOST_LISTED, list_declarations
from chalicelib.kernel.errors import BadInput, ManyMistakes
from chalicelib.kernel.strict_json import parse
from chalicelib.store.catalogue import DynamoCatalogue
from chalicelib.store.declarations import Kind
from chalicelib.store.dynamo_declarations import DynamoDeclarations
from chalicelib.store.dynamo_history import DynamoHistory
from chalicelib.store.items import Call
from chalicelib.store.jobs import DynamoJobs
from infra.failures import Failure

VERBS = ("list", "put", "publish", "rollback")
_ID_BYTES = 16
_LIMIT_BYTES = 1_000_000


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of ``catalogue``."""
    command.add_argument("verb", choices=VERBS)
    command.add_argument("--files", nargs="+", type=Path, default=[], help="put: declarations, each named <id>.json")
    command.add_argument("--tenant", required=True)
    command.add_argument("--kind", required=True, choices=get_args(Kind.__value__))
    command.add_argument("--id", help="publish, rollback: which declaration")
    command.add_argument(
        "--version", type=int, help="rollback: the number to go back to; the one before when not given"
    )
    command.add_argument("--reason", default="", help="for the audit")
    command.add_argument("--principal", default="operator", help="who did it, for the audit")


def services_on(
    call: Call, catalogue: str, history: str, go_on: Callable[[str, str, Sequence[str], int], None] | None = None
) -> CatalogueServices:
    """What the flows need, on the deployment's tables. With ``go_on`` what is published is told of by a job."""
    declarations = DynamoDeclarations(call, catalogue, history)
    trade = trades(DynamoCatalogue(call, catalogue).tenant)
    standing = InForceCatalogues(lambda: declarations, time.monotonic, trade=trade)

    def tell(published: Published) -> None:
        if go_on is not None:
            tell_published(published, declarations, JobDoor(DynamoJobs(call, history), go_on), published.at)

    return CatalogueServices(declarations, DynamoHistory(call, history), standing.fresh, standing.forget, tell)


def run(asked: argparse.Namespace, services: CatalogueServices, now: Callable[[], int]) -> dict[str, Any]:
    """Carry out one verb. Raises Failure with every mistake, and ZhiyinError."""
    if asked.verb == "list":
        return dict(_listed(asked, services))
    if asked.verb == "put":
        return _put(asked, services, now)
    if not asked.id:
        raise Failure(f"Say which of the {asked.kind} to {asked.verb}: --id ….")
    order = _order(asked, asked.id)
    try:
        if asked.verb == "publish":
            done = publish_declaration(order, "", services, now())
        else:
            done = roll_back_declaration(order, asked.version, services, now())
    except ManyMistakes as refused:
        raise Failure("\n".join(_told(f"{asked.kind}/{asked.id}", refused))) from None
    return {"id": done.id, "number": done.number, "version": done.version}


def _listed(asked: argparse.Namespace, services: CatalogueServices) -> Iterator[tuple[str, str]]:
    cursor = ""
    while True:
        page = list_declarations(asked.tenant, asked.kind, MOST_LISTED, cursor, services)
        for one in page.declarations:
            marks = [f"number {one.number}"] * bool(one.number) + ["draft"] * one.draft
            yield one.id, ", ".join([one.state, *marks, *["switched off"] * one.switched_off])
        cursor = page.cursor
        if not cursor:
            return


def _put(asked: argparse.Namespace, services: CatalogueServices, now: Callable[[], int]) -> dict[str, Any]:
    """Draft every file that is right. Raises Failure with the mistakes of all that are not."""
    if not asked.files:
        raise Failure("Say which files to draft: --files ….")
    drafted: dict[str, Any] = {}
    wrong: list[str] = []
    for file in asked.files:
        try:
            raw = parse(_content(file), limit_bytes=_LIMIT_BYTES)
            drafted[file.stem] = draft_declaration(_order(asked, file.stem), raw, services, now()).digest
        except BadInput as refused:
            wrong += _told(str(file), refused)
    if wrong:
        raise Failure("\n".join(wrong))
    return drafted


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: {error.strerror}.") from None


def _told(where: str, refused: BadInput) -> list[str]:
    mistakes: Sequence[BadInput] = refused.mistakes if isinstance(refused, ManyMistakes) else (refused,)
    return [f"{where}: {one.path}: {one.message} {one.suggestion}".rstrip() for one in mistakes]


def _order(asked: argparse.Namespace, id_: str) -> Order:
    order_id = f"c_{secrets.token_hex(_ID_BYTES)}"
    return Order(order_id, asked.tenant, asked.kind, id_, asked.principal, asked.reason)

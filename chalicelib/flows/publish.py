"""Publishes what a save changed, at least once; consumers know repeats by profile id and version."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chalicelib.flows.services import Change, IngestServices
from chalicelib.kernel.codec import decode
from chalicelib.kernel.errors import Unavailable


def publish(
    changes: Sequence[Change], behind: Collection[str], services: IngestServices, failed: dict[str, str]
) -> None:
    """Publish to the bus; when it cannot be reached, the messages behind the changes count as failed."""
    if not changes:
        return
    try:
        services.publish(changes)
    except Unavailable as error:
        failed.update(dict.fromkeys(behind, error.code))


def publish_again(keys: Collection[bytes], tenant_id: str, services: IngestServices) -> Sequence[Change]:
    """What the saves of these events published, from their rows: a crash may have eaten it."""
    found = services.history.events(tenant_id, sorted(keys)).values()
    return [change for row in found if row.changes for change in decode(row.changes, list[Change])]

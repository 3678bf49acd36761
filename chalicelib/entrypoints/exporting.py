"""Puts exports together, and writes a part in the format that is asked for. Loaded by the function that exports alone."""

from __future__ import annotations

from typing import cast

import msgspec
from chalice.app import Response

from chalicelib.entrypoints.compose import read_services
from chalicelib.entrypoints.insights import group_tags
from chalicelib.entrypoints.opening import open_services
from chalicelib.entrypoints.outreach import outreach_store
from chalicelib.entrypoints.tickets import ticket_store
from chalicelib.flows.export_person import ExportServices
from chalicelib.flows.export_views import ExportView
from chalicelib.kernel.errors import TooLarge
from chalicelib.privacy.export_csv import to_csv
from chalicelib.privacy.export_html import CSP, Language, to_html

LIMIT_BYTES = 5_500_000
"""Lambda answers 6 MB at most, with what the gateway's envelope escapes."""


def export_services(tenant_id: str) -> ExportServices:
    """What exporting needs. Raises Unavailable when the tenant's catalogue cannot be had."""
    reading, groups = read_services(tenant_id), group_tags(tenant_id)
    return ExportServices(open_services(), reading, groups, ticket_store(), outreach_store())


def written(view: ExportView, format_: str, language: str) -> Response:
    """A part as JSON, as a page or as a table. Raises TooLarge where it does not fit into an answer."""
    body = msgspec.json.encode(view).decode()
    kind = "application/json"
    if format_ != "json":
        # JSON's kinds of values and no others: a tuple of Python's would be written as the text of one.
        told = msgspec.json.decode(body)
        if format_ == "html":
            body, kind = to_html(told, cast(Language, language)), "text/html; charset=utf-8"
        else:
            body, kind = to_csv(told), "text/csv; charset=utf-8; header=present"
    # The body travels inside a JSON text, where quotes and line ends take two bytes.
    if len(msgspec.json.encode(body)) > LIMIT_BYTES:
        raise TooLarge(
            "part_too_large", "This part does not fit into an answer in this format: ask for json.", "format"
        )
    return Response(body=body, status_code=200, headers={"Content-Type": kind, **_HEADERS, **_named(view, format_)})


_HEADERS: dict[str, str | list[str]] = {
    "Content-Security-Policy": CSP + "; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _named(view: ExportView, format_: str) -> dict[str, str | list[str]]:
    return {"Content-Disposition": f'attachment; filename="export-part-{view.part}.{format_}"'}

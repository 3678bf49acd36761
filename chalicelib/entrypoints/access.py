"""Which routes a scope opens. The gateway caches an authorizer's answer, so it must list all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chalice.app import AuthRoute

ROUTES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "events:write": tuple(
        ("POST", f"/v1/{path}") for path in ("batch", "track", "identify", "page", "screen", "group", "alias", "events")
    ),
    "profiles:read": (
        ("POST", "/v1/profiles/lookup"),
        ("GET", "/v1/profiles/*"),
    ),
    "profiles:reveal": (("POST", "/v1/profiles/*/reveal"),),
    "timeline:read": (("GET", "/v1/profiles/*/timeline"),),
    "context:read": (("GET", "/v1/profiles/*/context"),),
    "imports:write": (("POST", "/v1/imports"), ("GET", "/v1/imports/*")),
    "profiles:merge": (
        ("GET", "/v1/profiles/*/links"),
        ("POST", "/v1/merges/preview"),
        ("POST", "/v1/merges"),
        ("POST", "/v1/splits"),
        ("GET", "/v1/merge-candidates"),
        ("POST", "/v1/merge-candidates/*/reject"),
    ),
    "catalogue:dry_run": (
        ("POST", "/v1/catalogue/*/*/dry-run"),
        ("POST", "/v1/what-if"),
        ("GET", "/v1/what-if/*"),
    ),
    "profiles:tag": (
        ("PUT", "/v1/profiles/*/tags/*"),
        ("DELETE", "/v1/profiles/*/tags/*"),
    ),
    "privacy:export": (("POST", "/v1/privacy/exports"), ("GET", "/v1/privacy/exports/*")),
    "consents:write": (("PUT", "/v1/profiles/*/consents"),),
    "privacy:restrict": (("POST", "/v1/privacy/restrictions"),),
    "tickets:write": (("POST", "/v1/tickets"), ("PATCH", "/v1/tickets/*")),
    "insights:read": (("GET", "/v1/insights/*"),),
    "catalogue:read": (("GET", "/v1/catalogue/*"), ("GET", "/v1/catalogue/*/*")),
    "catalogue:write": (
        ("PUT", "/v1/catalogue/*/*"),
        ("DELETE", "/v1/catalogue/*/*"),
        ("POST", "/v1/catalogue/*/*/publish"),
        ("POST", "/v1/catalogue/*/*/rollback"),
    ),
    "outreach:read": (("GET", "/v1/outreach"), ("GET", "/v1/outreach/effect")),
    "outreach:write": (("POST", "/v1/outreach/*/outcome"),),
    "privacy:link": (("POST", "/v1/privacy/links"), ("DELETE", "/v1/privacy/links/*")),
    "audit:read": (("GET", "/v1/audit"), ("GET", "/v1/audit/exposure"), ("GET", "/v1/privacy/data-map")),
    "privacy:correct": (("POST", "/v1/privacy/corrections"),),
    "privacy:erase": (("POST", "/v1/privacy/erasures"),),
    "privacy:receipts": (("GET", "/v1/privacy/receipts/*"),),
    "segments:read": (("GET", "/v1/segments"), ("GET", "/v1/segments/*")),
    "models:read": (("GET", "/v1/models"),),
    "models:write": (("POST", "/v1/models/runs"), ("POST", "/v1/models/*/rollback")),
    "quality:read": (("GET", "/v1/quality"),),
    "quarantine:read": (("GET", "/v1/quarantine"),),
    "quarantine:replay": (("POST", "/v1/quarantine/*/replay"),),
    "route": (
        ("POST", "/v1/route"),
        ("GET", "/v1/decisions/*"),
        ("GET", "/v1/decisions/*/replay"),
        ("POST", "/v1/decisions/replay"),
        ("GET", "/v1/reservations/*"),
    ),
    "decisions:write": (
        ("POST", "/v1/decisions/*/outcome"),
        *(("POST", f"/v1/reservations/*/{answer}") for answer in ("accept", "decline", "release")),
    ),
    "desk:read": (
        ("GET", "/v1/desk"),
        ("GET", "/v1/agents"),
        ("GET", "/v1/agents/*"),
        ("GET", "/v1/tickets"),
        ("GET", "/v1/tickets/*"),
    ),
    "desk:write": (("POST", "/v1/agents/*/presence"),),
    "queues:write": (("PUT", "/v1/agents/*"), ("DELETE", "/v1/agents/*"), ("PUT", "/v1/queues/*")),
}
"""Scope → (method, path) with ``*`` for ids. What stands in no scope is refused."""


OWN_FUNCTIONS: Mapping[tuple[str, str], str] = {
    ("POST", "/v1/profiles/{profile_id}/reveal"): "reveal_fields",
    ("GET", "/v1/me"): "export_person",
    ("GET", "/v1/me/export"): "export_person",
    ("POST", "/v1/privacy/exports"): "export_person",
    ("GET", "/v1/privacy/exports/{export_id}"): "export_person",
}
"""(method, path) → the function of its own that serves it, instead of the one that serves HTTP.

These show what is sealed: their roles may open it, and that of all other routes may not. The package step reads this
table and makes the gateway call them (``infra/split.py``).
"""


def routes_for(scopes: Collection[str]) -> list[str | AuthRoute]:
    """The routes that some scopes open together."""
    opened = sorted({route for scope in scopes for route in ROUTES.get(scope, ())})
    return [AuthRoute(path=path, methods=[method]) for method, path in opened]

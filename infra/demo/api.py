"""The calls of the HTTP contract that the demo and the journeys make, over kept-alive connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

TIMEOUT_SECONDS = 30


class ApiRefusal(Exception):
    """An answer other than 2xx. ``code`` is empty when the body is not one of the service's own."""

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(f"{status} {code}: {message} (request {request_id})")
        self.status = status
        self.code = code
        self.message = message


def open_session(connections: int = 8) -> requests.Session:
    """A session that keeps connections alive and repeats a call the service was too busy for."""
    # Every POST here is safe to repeat: events carry ids, and reads change nothing.
    again = Retry(
        total=6, backoff_factor=0.2, status_forcelist=(429, 502, 503, 504), allowed_methods=None, raise_on_status=False
    )
    session = requests.Session()
    adapter = HTTPAdapter(pool_connections=connections, pool_maxsize=connections, max_retries=again)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class Api:
    """A principal's view of the service. ``base_url`` ends before ``/v1``."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = open_session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def lookup(self, identifiers: Sequence[tuple[str, str]], purpose: str = "service") -> Any:
        """The profile behind some identifiers. Raises ApiRefusal 404 when there is none."""
        named = [{"namespace": namespace, "value": value} for namespace, value in identifiers]
        return self.call("POST", "/v1/profiles/lookup", body={"identifiers": named, "purpose": purpose})

    def find(self, identifiers: Sequence[tuple[str, str]]) -> Any | None:
        """Like ``lookup``, with None for a person nobody knows."""
        try:
            return self.lookup(identifiers)
        except ApiRefusal as refusal:
            if refusal.status == 404:
                return None
            raise

    def profile(self, profile_id: str, purpose: str = "service") -> Any:
        """One profile by its id."""
        return self.call("GET", f"/v1/profiles/{quote(profile_id)}", query={"purpose": purpose})

    def tags(self, profile_id: str, purpose: str = "service") -> list[Any]:
        """The tags of a profile."""
        answer = self.call("GET", f"/v1/profiles/{quote(profile_id)}/tags", query={"purpose": purpose})
        tags: list[Any] = answer["tags"] if isinstance(answer, dict) else answer
        return tags

    def why(self, profile_id: str, tag_id: str, purpose: str = "service") -> Any:
        """What a tag rests on."""
        return self.call(
            "GET", f"/v1/profiles/{quote(profile_id)}/tags/{quote(tag_id)}/why", query={"purpose": purpose}
        )

    def timeline(self, profile_id: str, limit: int = 20, cursor: str = "") -> Any:
        """Events of a profile, newest first."""
        query = {"limit": str(limit), "purpose": "service"} | ({"cursor": cursor} if cursor else {})
        return self.call("GET", f"/v1/profiles/{quote(profile_id)}/timeline", query=query)

    def context(self, profile_id: str, channel: str) -> Any:
        """What a bot should know before it speaks."""
        return self.call(
            "GET", f"/v1/profiles/{quote(profile_id)}/context", query={"purpose": "service", "channel": channel}
        )

    def route(self, **request: Any) -> Any:
        """A decision: ``profile_id`` or ``identifiers``, ``channel``, and perhaps ``message`` or ``intent``."""
        return self.call("POST", "/v1/route", body={"purpose": "service", **request})

    def call(self, method: str, path: str, *, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Any call. Raises ApiRefusal unless the answer is 2xx, requests' errors when none came."""
        answer = self._session.request(method, self.base_url + path, json=body, params=query, timeout=TIMEOUT_SECONDS)
        if answer.ok:
            return answer.json()
        raise refusal_of(answer)


def refusal_of(answer: requests.Response) -> ApiRefusal:
    """The refusal that an answer states, however malformed it is."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    return ApiRefusal(
        answer.status_code,
        str(problem.get("code", "")),
        str(problem.get("message", "")),
        str(problem.get("request_id", "")),
    )

"""Ask a deployed Zhiyin what if, wait for it, and print what it comes to.

    ZHIYIN_TOKEN=… python -m infra.what_if URL --from 2026-11-15T00:00:00Z [--to …] [--agents -2] [--skill payments]
        [--policy retail] [--runs 20]
    ZHIYIN_TOKEN=… python -m infra.what_if URL --forecast [--agents -2] …

Progress goes to stderr. The exit code is 1 when it failed, and 2 when somebody would lose by the change.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests

FIGURES = ("contacts", "wait", "wait_90", "in_time", "answered", "resolved", "transferred")
_PATIENCE_SECONDS = 30
_PAUSE_SECONDS = 2


def request_of(asked: argparse.Namespace) -> dict[str, Any]:
    """The body to send."""
    window = {"from": asked.begins} | ({"to": asked.to} if asked.to else {})
    played: dict[str, Any] = {"traffic": "forecast"} if asked.forecast else {"window": window}
    change = {"agents": asked.agents} | ({"skill": asked.skill} if asked.skill else {})
    return {**played, "change": change, "runs": asked.runs} | ({"policy": asked.policy} if asked.policy else {})


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The result as a table: each group's figures before, after, and by how much they change."""
    yield f"{'':44} {'before':>10} {'after':>10}   change (95%)"
    for group, figures in result["groups"].items():
        for name in FIGURES:
            one = figures[name]
            change = f"{one['change']['mean']:+.3f} ({one['change']['low']:+.3f} … {one['change']['high']:+.3f})"
            yield f"{group:30} {name:13} {one['before']['mean']:10.3f} {one['after']['mean']:10.3f}   {change}"
    yield ""
    for agent, (before, after) in result["busy"].items():
        yield f"{agent:30} {'busy':13} {_share(before)} {_share(after)}"
    yield ""
    yield from (f"{one['group']} loses: {one['figure']} {one['change']['mean']:+.3f}" for one in result["losers"])
    if not result["losers"]:
        yield "Nobody surely loses."


def _share(value: float | None) -> str:
    return f"{'–':>10}" if value is None else f"{value:10.3f}"


def ask(url: str, token: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Open the job and wait until it is over."""
    headers = {"Authorization": f"Bearer {token}"}
    opened = requests.post(f"{url}/v1/what-if", json=body, headers=headers, timeout=_PATIENCE_SECONDS)
    if opened.status_code != 202:
        raise SystemExit(f"{opened.status_code}: {opened.text}")
    path = f"{url}/v1/what-if/{opened.json()['job_id']}"
    while True:
        view: dict[str, Any] = requests.get(path, headers=headers, timeout=_PATIENCE_SECONDS).json()
        print(
            f"  {view['state']}: {view['parts_done']}/{view['parts']} parts, {view['gathered']} contacts",
            file=sys.stderr,
        )
        if view["state"] in ("finished", "failed"):
            return view
        time.sleep(_PAUSE_SECONDS)


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(prog="python -m infra.what_if", description=(__doc__ or "").partition("\n")[0])
    found.add_argument("url", help="of the API, as `make url` prints it")
    when = found.add_mutually_exclusive_group(required=True)
    when.add_argument("--from", dest="begins", help="the past from here on")
    when.add_argument("--forecast", action="store_true", help="the next two weeks, as they are forecast")
    found.add_argument("--to")
    found.add_argument("--agents", type=int, default=0, help="so many more, or fewer below 0")
    found.add_argument("--skill", help="only among agents who have it")
    found.add_argument("--policy", help="the id of a policy's draft")
    found.add_argument("--runs", type=int, default=20)
    return found


def main(given: list[str] | None = None) -> int:
    """The exit code."""
    asked = parser().parse_args(given)
    token = os.environ.get("ZHIYIN_TOKEN", "")
    if not token:
        raise SystemExit("Set ZHIYIN_TOKEN to the token of an analyst or a rule editor.")
    view = ask(asked.url.rstrip("/"), token, request_of(asked))
    if view["failure"]:
        print(f"{view['failure']['code']}: {view['failure']['message']}")
        return 1
    print("\n".join(lines(view["result"])))
    return 2 if view["result"]["losers"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""The README on the living cloud: its commands are run as they stand, and answer what it shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from tests.house import reading_docs as docs
from tests.journeys.live import Live

pytestmark = pytest.mark.deployed

README = docs.text_of("README.md")
STEP_SECONDS = 150
EVENTS_SENT = 3


def test_readme__its_commands__answer_what_it_shows(live: Live) -> None:
    """The first profile, and a tag of one's own from the refused draft to its why, copied and pasted."""
    known = {"URL": live.cloud.url, "TOKEN": live.tenant.admin_token, "WRITE_KEY": live.tenant.records.write_key}
    first = docs.steps(docs.section(README, "A first profile and a first route"))
    send, lookup, route, why = (step for step, _ in first if "curl" in step)
    assert typed(send, known)["success"]
    live.settle(EVENTS_SENT)
    person = typed(lookup, known)
    assert all(f"“{sentence}”" in README for sentence in person["summary"].values()), person["summary"]
    decided = typed(route, known)
    assert (decided["mode"], decided["queue"]) == ("human", "complaints")
    known["PROFILE"] = person["profile_id"]
    assert typed(re.sub(r"^export PROFILE=.*$", "", why, flags=re.MULTILINE), known)["set"]
    (words, _), *own_tag = docs.steps(docs.section(README, "A tag of your own"))
    for step, shown in own_tag:
        answer = typed(words + step, known)
        assert shown is None or holds(answer, shown), answer


def typed(step: str, known: dict[str, str]) -> Any:
    """What the commands of a block print."""
    ran = subprocess.run(
        ["bash", "-c", step],
        env=os.environ | known,
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=True,
    )
    return json.loads(ran.stdout)


def holds(answer: Any, shown: Any) -> bool:
    """Whether an answer has what a shortened one shows: its fields, its lists whole, and anything for ``…``."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(one in answer and holds(answer[one], shown[one]) for one in shown)
    if isinstance(shown, list):
        return len(answer) == len(shown) and all(map(holds, answer, shown))
    if isinstance(shown, str) and "…" in shown:
        return re.fullmatch(".+".join(map(re.escape, shown.split("…"))), answer) is not None
    return bool(answer == shown)

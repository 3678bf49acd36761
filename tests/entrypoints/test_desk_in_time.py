"""The function that looks after the desk every second, over moto: what is due, and what its metrics say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.desk import moves
from chalicelib.desk.declaration import DESK
from chalicelib.desk.model import Agent, Conversation, Need
from chalicelib.entrypoints import at_desk, desk_in_time, schedule_desk
from chalicelib.entrypoints.clock import now
from chalicelib.flows import look_after_desk
from chalicelib.kernel.moments import MINUTE_MS
from tests.entrypoints.service import Invocation, Shop, unique
from tests.entrypoints.test_timers import EVENT, metric


def look(monkeypatch: pytest.MonkeyPatch, instant: int, log: Callable[[], str]) -> str:
    monkeypatch.setattr(desk_in_time, "now", lambda: instant)
    monkeypatch.setattr(schedule_desk, "now", lambda: instant)
    # The clock of this test stands still, so nothing may be waited for.
    monkeypatch.setattr(schedule_desk, "_AWAKE_MS", 0)
    schedule_desk.schedule_desk(EVENT | {"detail": {}, "resources": []}, Invocation())
    return log()


def waits(tenant: str, queue: str, skill: str) -> Conversation:
    need = Need(queue, skill, "web_chat", 5)
    one = moves.opened(None, unique("c").encode().hex()[:32].ljust(32, "0"), need, unique("d"), DESK, now())
    assert at_desk.desk_store().wait(tenant, None, one)
    return one


def test_minute__somebody_waits_and_an_agent_came__is_given_and_counted(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever should have given it did not live to: a second later it is given all the same."""
    store, tenant, agent = at_desk.desk_store(), shop.tenant_id, unique("a")
    assert store.put_agent(tenant, Agent(agent, {"complaints": 5}, 10, version=1))
    one = waits(tenant, "complaints", "complaints")
    assert store.set_presence(tenant, agent, "available", now() + 90_000, now())
    written = look(monkeypatch, now() + 2_000, log)
    given = store.conversation(tenant, one.key)
    assert given is not None and (given.state, given.agent_id) == ("reserved", agent)
    assert metric(written, "DeskLookedAt") >= 1
    assert metric(written, "DeskMoved") >= 1
    assert 1 <= metric(written, "DeskLag") < 60


def test_minute__waited_to_the_last_step__a_call_is_owed(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metric and the log say so, with the decision and no person."""
    one = waits(shop.tenant_id, "vip", "vip")
    written = look(monkeypatch, now() + 11 * MINUTE_MS, log)
    ended = at_desk.desk_store().conversation(shop.tenant_id, one.key)
    assert ended is not None and (ended.state, ended.ended_by) == ("ended", "callback")
    assert metric(written, "DeskCallBacks") >= 1
    assert one.decision_id in written


def test_minute__store_that_throttles__is_counted_and_named(
    shop: Shop, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log names the code, never a conversation's own id."""
    looked = look_after_desk.Looked(failed={"store_throttled": 3}, lag_ms=90_000, left=True)
    monkeypatch.setattr(look_after_desk, "look_after_desk", lambda *_: looked)
    schedule_desk.schedule_desk(EVENT | {"detail": {}, "resources": []}, Invocation())
    written = log()
    assert (metric(written, "FailedAtDesk"), metric(written, "DeskLag"), metric(written, "DeskLeft")) == (3, 90, 1)
    assert '"desk_failed"' in written and '"store_throttled"' in written

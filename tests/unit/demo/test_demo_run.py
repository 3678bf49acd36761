"""The whole demo against a stand-in of the service: what goes out, what is printed, how it ends."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo import __main__ as demo
from infra.demo import commands
from infra.demo.commands import Cloud, CommandFailed, Counts, Source, Tenant
from infra.demo.waiting import wait_until_accounted
from tests.unit.demo.fake_service import SECRET, FakeService, fake_service


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeService]:
    with fake_service() as (fake, url):
        tenant = Tenant("t1", "zt_token", Source("s1", "zk_1", SECRET), Source("s2", "zk_2", SECRET))
        monkeypatch.setattr(commands, "cloud_up", lambda: Cloud(int(url.rpartition(":")[2]), 0))
        monkeypatch.setattr(commands, "create_tenant", lambda name: tenant)
        monkeypatch.setattr(commands, "counts", lambda tenant_id: Counts(applied=fake.applied))
        monkeypatch.setattr(commands, "ROOT", tmp_path)
        monkeypatch.setattr(demo, "ENV_FILE", tmp_path / ".local" / "demo.env")
        yield fake


def test_demo__service_well__prints_everything_and_succeeds(
    service: FakeService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run sends every event through its door, prints all six parts, and exits with zero above the floor."""
    assert demo.main(["--people", "40", "--events", "1000", "--floor", "0"]) == 0
    printed = capsys.readouterr().out
    for part in ("What became", "one sentence", "their why", "explained route", "match the truth", "curl -s"):
        assert part in printed
    assert service.duplicate >= 40
    assert service.modes == {"gzip", "binary", "structured", "batched"}
    env_file = tmp_path / ".local" / "demo.env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert "zt_token" in env_file.read_text()
    assert "zt_token" not in printed


def test_demo__truth_missed__fails(service: FakeService) -> None:
    """A match under the floor is a failure that scripts can see."""
    assert demo.main(["--people", "40", "--events", "1000", "--floor", "0.99"]) == 1


def test_demo__cloud_missing__says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a cloud the demo ends with a sentence and no traceback."""

    def refuse() -> Cloud:
        raise CommandFailed("No local cloud is up.")

    monkeypatch.setattr(commands, "cloud_up", refuse)
    assert demo.main([]) == 2
    assert "No local cloud is up." in capsys.readouterr().out


def test_waiting__queue_empty_without_them__gives_up_with_the_gap() -> None:
    """When nothing waits any more and events are still missing, the last counts show it."""
    assert wait_until_accounted(lambda: Counts(applied=3), 5, pause_seconds=0.0).kept == 3


def test_waiting__queue_busy__waits_on() -> None:
    """All events are there, yet a message is being worked on: it may change profiles still."""
    answers = iter([Counts(applied=5, in_flight=1), Counts(applied=4, quarantined=1)])
    assert wait_until_accounted(lambda: next(answers), 5, pause_seconds=0.0) == Counts(applied=4, quarantined=1)


def test_waiting__nothing_moves__gives_up_in_the_end() -> None:
    """A message that stays in flight for ever does not hold the demo for ever."""
    stuck = Counts(applied=3, in_flight=1)
    assert wait_until_accounted(lambda: stuck, 5, stall_seconds=0.05, pause_seconds=0.01) == stuck

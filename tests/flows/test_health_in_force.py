"""The health of sources as hot functions have it: a minute old at most, and never in the way."""

from __future__ import annotations

from chalicelib.flows import health_in_force
from chalicelib.flows.health_in_force import SECONDS, HealthInForce
from chalicelib.kernel.errors import Unavailable
from chalicelib.kernel.texts import Text
from chalicelib.store.health import HealthRecord, MemoryHealth
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.health import WELL, Health, SourceHealth
from tests.flows.world import NOW

ILL = Health(sources={"s_web": SourceHealth("silent", 0.7, NOW, Text("静默", "silent"))})


class Asked(MemoryHealth):
    """Counts questions, and does not answer while it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.times, self.away = 0, False

    def health(self, tenant: str, now: int) -> Health:
        self.times += 1
        if self.away:
            raise Unavailable("throttled", "Later.")
        return super().health(tenant, now)


def test_health__of_a_tenant__is_asked_for_once_a_minute() -> None:
    """Between two questions nothing is read, and the same catalogue comes back."""
    store, seconds = Asked(), [0.0]
    held = HealthInForce(store, lambda: seconds[0], lambda: NOW)
    shipped = load_catalogue()
    assert held.over("t", shipped) is shipped
    store.keep("t", HealthRecord(NOW, ILL), b"")
    seconds[0] += SECONDS - 1
    assert held.over("t", shipped) is shipped and store.times == 1
    seconds[0] += 2
    ill = held.over("t", shipped)
    assert ill.health == ILL and held.over("t", shipped) is ill and store.times == 2
    seconds[0] += SECONDS + 1
    assert held.over("t", shipped) is ill and store.times == 3
    store.keep("t", HealthRecord(NOW, WELL), b"")
    seconds[0] += SECONDS + 1
    assert held.over("t", shipped).health == WELL


def test_health__cannot_be_asked__stays_as_it_was(monkeypatch) -> None:
    """Doubts are no reason not to answer: at first all are well, later they are as they were."""
    store, seconds = Asked(), [0.0]
    held = HealthInForce(store, lambda: seconds[0], lambda: NOW)
    store.away = True
    assert held.over("t", load_catalogue()).health == WELL
    store.away = False
    store.keep("u", HealthRecord(NOW, ILL), b"")
    assert held.over("u", load_catalogue()).health == ILL
    store.away = True
    seconds[0] += SECONDS + 1
    assert held.over("u", load_catalogue()).health == ILL


def test_health__of_very_many_tenants__is_kept_of_some(monkeypatch) -> None:
    """A container's memory is bounded."""
    monkeypatch.setattr(health_in_force, "_MOST_TENANTS", 3)
    store = Asked()
    held = HealthInForce(store, lambda: 0.0, lambda: NOW)
    for number in range(9):
        held.over(f"t{number}", load_catalogue())
    assert len(held._kept) == 3


def test_catalogue__published_anew__is_under_the_same_health() -> None:
    """The health does not depend on which rules are in force."""
    store = Asked()
    store.keep("t", HealthRecord(NOW, ILL), b"")
    held = HealthInForce(store, lambda: 0.0, lambda: NOW)
    from copy import copy

    other = copy(load_catalogue())
    assert held.over("t", load_catalogue()).health == held.over("t", other).health == ILL
    assert store.times == 1

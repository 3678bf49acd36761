"""Both keys are rotated under live traffic: no failed read, no wrong match, the sweep ends, and the old keys can go."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from chalicelib.flows.sweep_services import SweepServices
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel.errors import Conflict
from chalicelib.store.rows import Change, Outcome
from infra.dynamodb_local import Running
from tests.proofs.rotation import MINUTES_IN_FLIGHT, MINUTES_TO_BEGIN, PEOPLE, Mutant, Rotating

pytestmark = pytest.mark.proof

KINDS = ("branch", "index")
_EARLY, _ALL = range(PEOPLE // 2), range(PEOPLE)


def rotated(run: Rotating) -> None:
    """Traffic, both rotations, their sweeps, the end of the old keys, and traffic again."""
    run.pass_minutes(6, people=_EARLY)
    for kind in KINDS:
        run.operate("rotate", "--kind", kind)
    run.pass_minutes(2, people=_EARLY)
    run.seconds += 60.0 * (MINUTES_TO_BEGIN - 3)
    # The minute in which the new keys begin to be written with, and those after it: some functions are behind.
    run.pass_minutes(4, people=_ALL)
    run.seconds += 60.0 * MINUTES_IN_FLIGHT
    run.pass_minutes(10, people=_ALL)
    for kind in KINDS:
        run.operate("remove", "--kind", kind, "--version", "1")
    run.pass_minutes(4, people=_ALL)


def test_rotation__both_keys_under_traffic__nothing_fails_and_the_old_ones_can_go(
    database: Running, new_tables: Callable[[], Mapping[str, str]], show: Callable[[str], None]
) -> None:
    """Every look-up on the way finds its person with all their events, and opens their sealed name."""
    run = Rotating(database, new_tables())
    rotated(run)
    assert run.failed == []
    tenant = run.catalogue.tenant("t_shop")
    assert tenant is not None
    assert (list(tenant.branch_keys), tenant.index_version, tenant.later_index_keys) == ([2], 2, {})
    run.send_again(run.bodies)
    assert run.failed == []
    # What was counted under the old key counts once, however often it is delivered.
    assert run.counted() == run.orders
    assert run.markers() == len(run.bodies)
    waits = {code: times for code, times in run.said.items() if code not in ("applied", "duplicate")}
    show(
        f"rotation of both keys: {run.reads} look-ups, 0 failed, 0 wrong; {run.markers()} events of {len(run.orders)} people"
        f" applied once, all delivered again and found to be; messages and sweeps that had to try again: {waits};"
        " the sweeps ended, version 1 of both keys was removed, and everything opens and is found"
    )


def newest_alone(index: BlindIndex) -> BlindIndex:
    """Looks up by the key that is written with, and by no other."""
    index._older = ()  # what a build without dual look-up would be
    return index


class MarksOnly:
    """A sweep that notes that it gave an identifier an alias, and gives it none."""

    def __init__(self, services: SweepServices) -> None:
        self._profiles = services.profiles

    def __getattr__(self, name: str) -> object:
        return getattr(self._profiles, name)

    def save(self, change: Change) -> Outcome:
        return self._profiles.save(replace(change, identifiers=change.identifiers[:1]))


MUTANTS = {
    "readers look up by one key": Mutant(index=newest_alone),
    "ingestion looks up by one key": Mutant(written=newest_alone),
    "the sweep marks and writes no alias": Mutant(
        sweep=lambda services: replace(services, profiles=MarksOnly(services))
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_rotation__mutant__is_found(database: Running, new_tables: Callable[[], Mapping[str, str]], name: str) -> None:
    """Negative control: the same run shows failed reads, or people who came apart."""
    assert is_noticed(Rotating(database, new_tables(), rate=0.0, mutant=MUTANTS[name]))


def is_noticed(run: Rotating) -> bool:
    """Whether somebody was not found, or the old key could not go because one identifier has two names."""
    try:
        rotated(run)
    except Conflict:
        return True
    return bool(run.failed)


def test_rotation__without_a_sweep__old_keys_cannot_be_removed(
    database: Running, new_tables: Callable[[], Mapping[str, str]]
) -> None:
    """Negative control: a sweep that never runs keeps the old keys, and says so."""
    run = Rotating(database, new_tables(), rate=0.0, mutant=Mutant(sweep=_blind))
    with pytest.raises(Conflict, match="not moved yet"):
        rotated(run)
    assert run.failed == []


def _blind(services: SweepServices) -> SweepServices:
    class Nothing:
        """Lists nothing that is behind."""

        def __init__(self, listed: object) -> None:
            self._listed = listed

        def __getattr__(self, name: str) -> object:
            return getattr(self._listed, name)

        def behind(self, tenant: str, version: int, after: str, *, limit: int) -> object:
            from chalicelib.store.sweeps import Listed

            return Listed({}, "", 1)

    return replace(services, secrets=Nothing(services.secrets), identifiers=Nothing(services.identifiers))

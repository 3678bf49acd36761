"""The operator's commands on keys: what they write to a tenant's record, and what they refuse."""

import argparse

import pytest
from msgspec.structs import replace

from chalicelib.aws.key_ring import KeyRing, new_tenant
from chalicelib.identity.blind_index import names_of
from chalicelib.kernel.errors import Conflict, NotFound
from chalicelib.store.catalogue import MemoryCatalogue
from chalicelib.store.memory import MemorySecrets
from chalicelib.store.rows import FacetSecret, IdentifierRow
from chalicelib.store.sweeps import MemoryIdentifiers, Progress
from infra import rotation
from infra.failures import Failure
from tests.unit.aws.test_key_ring import SETTINGS, FakeKms

NOW = 1_760_000_000_000
LATER = NOW + 40 * 60_000


class Bench:
    """A tenant, its tables in memory, and the operator's command on them."""

    def __init__(self):
        self.kms, self.catalogue, self.secrets, self.identifiers = FakeKms(), MemoryCatalogue(), MemorySecrets(), {}
        made = iter(range(1, 99))
        self.catalogue.keep(
            new_tenant(
                self.kms, SETTINGS, lambda size: bytes([next(made)]) * size, tenant_id="t_1", name="S", timezone="UTC"
            )
        )
        self.rotation = rotation.Rotation(
            self.catalogue, self.secrets, MemoryIdentifiers(self.identifiers), self.kms, SETTINGS
        )
        self.parser = argparse.ArgumentParser()
        rotation.add_options(self.parser)

    @property
    def tenant(self):
        return self.catalogue.tenant("t_1")

    def run(self, *given, now=NOW):
        return rotation.run(self.parser.parse_args([*given, "--tenant", "t_1"]), self.tenant, self.rotation, now)

    def ring(self):
        return KeyRing(self.kms, SETTINGS, lambda: 0.0)


@pytest.fixture
def bench():
    return Bench()


def test_rotate__branch__is_written_with_later_and_both_open(bench):
    """The new version is told to everybody before anybody writes with it."""
    told = bench.run("rotate", "--kind", "branch")
    assert (told["version"], told["written_from"]) == (2, "2025-10-09T09:13:20Z")
    assert (bench.tenant.branch_written(NOW), bench.tenant.branch_written(LATER)) == (1, 2)
    (_, first), (_, second) = (bench.ring().branch_key(bench.tenant, one) for one in (1, 2))
    assert len({first, second}) == 2


def test_rotate__index__has_a_new_part_for_identifiers_and_the_old_one_for_names(bench):
    """What must outlive the old key is in the new one."""
    bench.run("rotate", "--kind", "index")
    first, second = (bench.ring().index_key(bench.tenant, one) for one in (1, 2))
    assert names_of(first) == names_of(second)
    assert first[:32] != second[:32]
    with pytest.raises(Conflict, match="remove it first"):
        bench.run("rotate", "--kind", "index")


def test_rotate__index_of_a_tenant_of_before__keeps_its_one_key_for_names(bench):
    """A key of 32 bytes was both parts: events and profiles go on under it."""
    old = bench.kms.encrypt("KI", b"\x05" * 32, {"tenant": "t_1", "purpose": "index"})
    bench.catalogue.keep(replace(bench.tenant, index_key=old))
    bench.run("rotate", "--kind", "index")
    key = bench.ring().index_key(bench.tenant, 2)
    assert (len(key), names_of(key)) == (64, b"\x05" * 32)


def test_remove__nothing_needs_it__is_gone(bench):
    """Then the tenant's record has one key of the kind, and the next rotation may begin."""
    for kind in ("branch", "index"):
        bench.run("rotate", "--kind", kind)
        assert bench.run("remove", "--kind", kind, "--version", "1", now=LATER)["removed"] == 1
    assert (list(bench.tenant.branch_keys), bench.tenant.index_version, bench.tenant.later_index_keys) == ([2], 2, {})
    assert bench.ring().index_key(bench.tenant) == bench.ring().index_key(bench.tenant, 2)
    assert bench.run("rotate", "--kind", "index", now=LATER)["version"] == 3


def test_remove__something_needs_it__says_what(bench):
    """Refused while it is written with, may be, or leads to anything."""
    bench.run("rotate", "--kind", "branch")
    with pytest.raises(Conflict, match="written with"):
        bench.run("remove", "--kind", "branch", "--version", "1")
    with pytest.raises(Conflict, match="15 minutes"):
        bench.run("remove", "--kind", "branch", "--version", "1", now=NOW + 21 * 60_000)
    bench.secrets.create("t_1", "user_id:a", FacetSecret(b"s" * 32, b"c" * 16, 1, 1))
    with pytest.raises(Conflict, match="1 rows"):
        bench.run("remove", "--kind", "branch", "--version", "1", now=LATER)
    with pytest.raises(NotFound):
        bench.run("remove", "--kind", "branch", "--version", "5", now=LATER)
    assert list(bench.tenant.branch_keys) == [1, 2]


def test_status__before_during_and_after__tells_all(bench):
    """Versions, which is written with, how far the sweep is, and what holds the older ones."""
    assert bench.run("status")["branch"] == {"versions": [1], "written": 1}
    bench.run("rotate", "--kind", "index")
    assert bench.run("status")["index"] == {"versions": [1, 2], "written": 1}
    bench.identifiers["t_1", "phone:a"] = IdentifierRow("p_1", 1)
    bench.identifiers["t_1", "phone:b"] = IdentifierRow("", 1, erased_at=NOW)
    bench.secrets.note("t_1", "index", Progress(2, NOW, "phone:a", 10, 4, 1))
    told = bench.run("status", now=LATER)["index"]
    assert told["needed"] == {"rows": 1, "identifiers_of_erased_people": 1}
    assert told["sweep"] == {"rows_looked_at": 10, "moved": 4, "stuck": 1, "ended": "not yet"}
    assert told["removable_from"].startswith("2027-10-09"), "the horizon of what an erased person's events may be"


@pytest.mark.parametrize(
    "given",
    [("rotate",), ("remove",), ("remove", "--kind", "branch"), ("rotate", "--kind", "index", "--after-minutes", "1")],
    ids=" ".join,
)
def test_key__options_that_do_not_fit__are_told(bench, given):
    """One sentence says what is missing."""
    with pytest.raises(Failure):
        bench.run(*given)

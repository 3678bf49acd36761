"""How often KMS is asked, by the product's own key ring under a clock of ours."""

import pytest
from msgspec.structs import replace

from tests.bench.kms_calls import MOST_CALLS, SETTINGS, calls, lines

BOUNDED = SETTINGS[0]


def test_kms_calls__as_bounded__stay_below():
    """A million events, 20 containers, 10 tenants, five minutes of cache, 1,000 events a second: at most 2,500."""
    assert (BOUNDED.containers, BOUNDED.tenants, BOUNDED.ttl_seconds) == (20, 10, 300)
    counted = calls(BOUNDED)
    assert sum(counted.values()) == 2_400 <= MOST_CALLS
    assert set(counted.values()) == {800}, "four times in 1,000 s each container opens three keys of ten tenants"


@pytest.mark.parametrize(
    ("changed", "times"),
    [({"ttl_seconds": 60}, 10_200), ({"rotating": ("branch",)}, 3_200), ({"ttl_seconds": 1}, 300_000)],
    ids=["a shorter cache", "a rotation", "no cache to speak of"],
)
def test_kms_calls__other_settings__are_seen(changed, times):
    """Negative control: what costs more is counted as more."""
    assert sum(calls(replace(BOUNDED, **changed)).values()) == times


def test_lines__every_setting__says_what_it_assumes():
    """A figure without its throughput says nothing."""
    head, names, *told = lines()
    assert f"{MOST_CALLS:,}" in head
    assert "events/s" in names
    assert len(told) == len(SETTINGS)

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.privacy.rewrapping import PURPOSE, unwrap_root, wrap_root
from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import (
    associated,
    commitment,
    facet_key,
    facet_root,
    key_of_root,
    open_,
    seal,
)

VECTORS = json.loads((Path(__file__).parents[2] / "cases" / "sealing_vectors.json").read_text())["wrapped"]
BRANCH, SECRET, ROOT = bytes(range(32)), bytes(range(100, 132)), bytes(range(200, 232))
OF = ("t_1", "phone:abc", 2, 1)
WRAPPED = wrap_root(ROOT, BRANCH, SECRET, of=OF, branch_version=3)


def unwrapped(wrapped=WRAPPED, *, branch=BRANCH, secret=SECRET, of=OF, version=3):
    return unwrap_root(wrapped, branch, secret, of=of, branch_version=version)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["field"])
def test_unwrap_root__vectors_of_every_format__open_for_ever(vector):
    """What was wrapped and sealed before opens in every later version, and is what was sealed before the rotation."""
    branch, secret = bytes.fromhex(vector["branch_key"]), bytes.fromhex(vector["facet_secret"])
    of, version = tuple(vector["of"]), vector["branch_version"]
    root = unwrap_root(bytes.fromhex(vector["wrapped"]), branch, secret, of=of, branch_version=version)
    before = [bytes.fromhex(vector["before"][part]) for part in ("branch_key", "facet_secret")]
    assert root == facet_root(*before)
    assert wrap_root(root, branch, secret, of=of, branch_version=version).hex() == vector["wrapped"]
    key = key_of_root(root, "fields")
    aad = associated(of[0], of[1], of[2], vector["field"], 1, of[3])
    opened = open_(key, bytes.fromhex(vector["sealed"]), aad=aad, committed=bytes.fromhex(vector["commitment"]))
    assert opened.decode() == vector["plaintext"]


@given(*[st.binary(min_size=32, max_size=32)] * 3, st.integers(1, 65_535))
def test_wrap_root__any_keys__comes_back(root, branch, secret, version):
    """A root is the same before and after."""
    assert (
        unwrapped(
            wrap_root(root, branch, secret, of=OF, branch_version=version),
            branch=branch,
            secret=secret,
            version=version,
        )
        == root
    )


@pytest.mark.parametrize("bit", range(len(WRAPPED) * 8))
def test_unwrap_root__one_bit_flipped__is_refused(bit):
    """Any changed bit is noticed."""
    changed = bytearray(WRAPPED)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        unwrapped(bytes(changed))


@pytest.mark.parametrize("length", range(len(WRAPPED)))
def test_unwrap_root__cut_short__is_refused(length):
    """A truncated root never opens."""
    with pytest.raises(SealBroken):
        unwrapped(WRAPPED[:length])


@pytest.mark.parametrize(
    "other",
    [
        {"of": ("t_2", *OF[1:])},
        {"of": (OF[0], "phone:abd", *OF[2:])},
        {"of": (*OF[:2], 1, OF[3])},
        {"of": (*OF[:3], 2)},
        {"version": 4},
        {"branch": bytes(32)},
        {"secret": bytes(32)},
    ],
    ids=["tenant", "facet", "generation", "sealed version", "branch version", "branch key", "secret"],
)
def test_unwrap_root__moved_elsewhere__is_refused(other):
    """A root copied to another tenant's, facet's, generation's or version's row, or under other keys, does not open."""
    with pytest.raises(SealBroken):
        unwrapped(**other)


def test_unwrap_root__a_sealed_value_in_its_place__is_refused():
    """What was sealed as a field, or a value that is no root, is never taken for one."""
    aad = associated(OF[0], OF[1], OF[2], f"root/{OF[3]}", 1, 3)
    short = seal(facet_key(BRANCH, SECRET, PURPOSE), b"short", aad=aad, key_version=3)
    field = seal(facet_key(BRANCH, SECRET, "fields"), ROOT, aad=aad, key_version=3)
    for one in (short, field):
        with pytest.raises(SealBroken):
            unwrapped(one)


def test_wrap_root__what_is_no_root__is_refused():
    """A root is 32 bytes, as are the keys it is wrapped with."""
    for root, branch, secret in ((ROOT[:31], BRANCH, SECRET), (ROOT, b"", SECRET), (ROOT, BRANCH, b"")):
        with pytest.raises(ValueError, match="32 bytes"):
            wrap_root(root, branch, secret, of=OF, branch_version=3)


def test_root__of_a_facet__leads_to_the_keys_there_always_were():
    """The two ways to a facet's key are one, and a root leads back to nothing."""
    assert commitment(key_of_root(facet_root(BRANCH, SECRET), "fields")) == commitment(
        facet_key(BRANCH, SECRET, "fields")
    )

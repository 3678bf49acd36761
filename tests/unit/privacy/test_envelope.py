import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.privacy.envelope import key_pair, open_from, seal_to
from chalicelib.privacy.seal_broken import SealBroken

VECTORS = json.loads((Path(__file__).parents[2] / "cases" / "sealing_vectors.json").read_text())["envelopes"]
PRIVATE, PUBLIC = key_pair(bytes(range(32)))
SEALED = seal_to(PUBLIC, b"an event", b"t_1")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["info"])
def test_open_from__vectors_of_every_format__open_for_ever(vector):
    """Dead letters of an earlier version open in every later one."""
    private, public = key_pair(bytes.fromhex(vector["private"]))
    assert public.hex() == vector["public"]
    assert open_from(private, bytes.fromhex(vector["sealed"]), vector["info"].encode()).decode() == vector["plaintext"]


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_seal_to__any_message__comes_back(plaintext, info):
    """The holder of the private key reads what was sent."""
    assert open_from(PRIVATE, seal_to(PUBLIC, plaintext, info), info) == plaintext


def test_seal_to__same_message_twice__looks_different():
    """Each envelope has an ephemeral key of its own."""
    assert seal_to(PUBLIC, b"an event", b"t_1") != SEALED


@pytest.mark.parametrize("bit", range(len(SEALED) * 8))
def test_open_from__one_bit_flipped__is_refused(bit):
    """Any changed bit is noticed, the one that X25519 itself ignores included."""
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        open_from(PRIVATE, bytes(changed), b"t_1")


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_open_from__cut_short__is_refused(length):
    """A truncated envelope never opens."""
    with pytest.raises(SealBroken):
        open_from(PRIVATE, SEALED[:length], b"t_1")


def test_open_from__another_tenant_or_key__is_refused():
    """The tenant is bound in, and only the private key opens."""
    with pytest.raises(SealBroken):
        open_from(PRIVATE, SEALED, b"t_2")
    with pytest.raises(SealBroken):
        open_from(key_pair(bytes(32))[0], SEALED, b"t_1")


def test_open_from__low_order_ephemeral_key__is_refused():
    """A key that makes the shared secret zero is a forged envelope, not a crash."""
    with pytest.raises(SealBroken):
        open_from(PRIVATE, b"\x01" + bytes(32) + SEALED[33:], b"t_1")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys__wrong_length__are_refused(length):
    """A cut key is a mistake of ours."""
    with pytest.raises(ValueError):
        key_pair(bytes(length))
    with pytest.raises(ValueError):
        seal_to(bytes(length), b"", b"")

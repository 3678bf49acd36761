import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.privacy.seal_broken import SealBroken
from chalicelib.privacy.sealing import (
    Place,
    associated,
    commitment,
    facet_key,
    key_version_of,
    open_,
    seal,
)

VECTORS = json.loads((Path(__file__).parents[2] / "cases" / "sealing_vectors.json").read_text())["sealed"]
BRANCH, SECRET = bytes(range(32)), bytes(range(100, 132))
KEY = facet_key(BRANCH, SECRET, "trait/personal")
BOUND = ("t_1", "phone:abc", 1, "phone", 1, 1)
AAD = associated(*BOUND)
SEALED = seal(KEY, b"+8613800138000", aad=AAD, key_version=1)


def opened(sealed, *, key=KEY, aad=AAD, committed=None):
    return open_(key, sealed, aad=aad, committed=commitment(key) if committed is None else committed)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["bound"][3])
def test_seal__vectors_of_every_format__open_for_ever(vector):
    """What an earlier version sealed opens in every later one, and sealing anew gives the same bytes."""
    key = facet_key(bytes.fromhex(vector["branch_key"]), bytes.fromhex(vector["facet_secret"]), vector["purpose"])
    aad, sealed = associated(*vector["bound"]), bytes.fromhex(vector["sealed"])
    assert commitment(key).hex() == vector["commitment"]
    assert opened(sealed, key=key, aad=aad).decode() == vector["plaintext"]
    assert key_version_of(sealed) == vector["bound"][5]
    assert seal(key, vector["plaintext"].encode(), aad=aad, key_version=vector["bound"][5]) == sealed


@given(st.binary(max_size=300), st.binary(max_size=100), st.integers(1, 65535))
def test_seal__any_plaintext__comes_back(plaintext, aad, version):
    """Sealing and opening with the same key and bounds loses nothing."""
    sealed = seal(KEY, plaintext, aad=aad, key_version=version)
    assert opened(sealed, aad=aad) == plaintext
    assert sealed == seal(KEY, plaintext, aad=aad, key_version=version)
    assert len(sealed) == len(plaintext) + 31


@pytest.mark.parametrize("bit", range(len(SEALED) * 8))
def test_open__one_bit_flipped__is_refused(bit):
    """Any changed bit, that of format and key version included, is noticed."""
    changed = bytearray(SEALED)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        opened(bytes(changed))


@pytest.mark.parametrize("length", range(len(SEALED)))
def test_open__cut_short__is_refused(length):
    """A truncated value never opens."""
    with pytest.raises(SealBroken):
        opened(SEALED[:length])


@pytest.mark.parametrize(
    ("part", "other"),
    [(0, "t_2"), (1, "phone:abd"), (2, 2), (3, "email"), (4, 2), (5, 2)],
    ids=["tenant", "facet", "generation", "field", "schema", "key version"],
)
def test_open__bound_to_another__is_refused(part, other):
    """A sealed value moved to another tenant, facet, generation, field, schema or version does not open."""
    moved = list(BOUND)
    moved[part] = other
    with pytest.raises(SealBroken):
        opened(SEALED, aad=associated(*moved))


def test_open__wrong_commitment__is_refused_before_opening():
    """A key that is not the committed one is refused even where the tag would pass."""
    with pytest.raises(SealBroken):
        opened(SEALED, committed=bytes(16))
    with pytest.raises(SealBroken):
        opened(SEALED, committed=b"")


@pytest.mark.parametrize(
    "other",
    [
        facet_key(bytes(32), SECRET, "trait/personal"),
        facet_key(BRANCH, bytes(32), "trait/personal"),
        facet_key(BRANCH, SECRET, "trait/sensitive"),
    ],
    ids=["branch key", "facet secret", "purpose"],
)
def test_open__key_of_another__is_refused(other):
    """Branch key, facet secret and purpose are each needed to open."""
    with pytest.raises(SealBroken):
        opened(SEALED, key=other)
    assert commitment(other) != commitment(KEY)


@given(st.tuples(*[st.text(max_size=6)] * 3, *[st.integers(0, 99)] * 3), st.data())
def test_associated__two_lists_of_parts__never_read_alike(parts, data):
    """Different parts give different bytes, wherever digits and colons stand."""
    other = data.draw(st.tuples(*[st.text(alphabet="0123456789:ab", max_size=6)] * 3, *[st.integers(0, 99)] * 3))

    def bound(p):
        return associated(p[0], p[1], p[3], p[2], p[4], p[5])

    assert (bound(parts) == bound(other)) == (parts == other)


def test_seal__equal_texts_in_two_fields__look_different():
    """Who sees sealed bytes cannot tell that two fields hold the same text."""
    other = seal(KEY, b"+8613800138000", aad=associated("t_1", "phone:abc", 1, "fax", 1, 1), key_version=1)
    assert other[3:] != SEALED[3:]
    assert other[3:15] != SEALED[3:15]


@pytest.mark.parametrize("version", [0, -1, 65536])
def test_seal__impossible_version__is_refused(version):
    """The version has two bytes."""
    with pytest.raises(ValueError, match="65535"):
        seal(KEY, b"", aad=b"", key_version=version)


@pytest.mark.parametrize(("branch", "secret"), [(b"", SECRET), (BRANCH, b""), (BRANCH[:31], SECRET)])
def test_facet_key__short_parts__are_refused(branch, secret):
    """An empty secret would make a key that deleting nothing shreds."""
    with pytest.raises(ValueError, match="32 bytes"):
        facet_key(branch, secret, "trait/personal")


def test_key_version_of__not_a_sealed_value__is_refused():
    """Bytes of another format are not asked for their version."""
    with pytest.raises(SealBroken):
        key_version_of(b"\x02" + SEALED[1:])


def test_key__printed__shows_nothing():
    """A key that reaches a log by accident shows nothing of itself."""
    assert repr(KEY) == str(KEY) == f"{KEY}" == "<facet key>"


def test_seal_broken__every_cause__says_the_same():
    """The cause would tell an attacker how close he is."""
    assert SealBroken().code == "seal_broken"
    assert str(SealBroken()) == "seal_broken: A sealed value does not open."


@given(st.text(max_size=30), st.binary(max_size=60), st.integers(1, 65535), st.integers(1, 9))
def test_place__seals__what_seal_does(field, plaintext, version, generation):
    """The way that ingestion takes and the one that the vectors hold are one."""
    place = Place("t_1", "phone:abc", generation, 1, version)
    aad = associated("t_1", "phone:abc", generation, field, 1, version)
    assert place.of(field) == aad
    assert place.seal(KEY, field, plaintext) == seal(KEY, plaintext, aad=aad, key_version=version)


@given(
    st.binary(max_size=40),
    st.binary(max_size=40),
    st.sampled_from(["name", "phone"]),
    st.sampled_from(["name", "phone"]),
)
def test_seal__two_values_or_two_fields__never_share_a_nonce(one, other, field, another):
    """Under one key a nonce repeats for the very same field and value, and for nothing else."""
    place = Place("t_1", "phone:abc", 1, 1, 1)
    left, right = place.seal(KEY, field, one), place.seal(KEY, another, other)
    assert (left[3:15] == right[3:15]) == ((field, one) == (another, other))


OLDER = Place("t_1", "phone:abc", 1, 1, 1).seal(KEY, "phone", b"+8613800138000")


@given(
    st.sampled_from(["t_1", "t_2"]),
    st.sampled_from(["phone:abc", "phone:abd"]),
    st.integers(1, 3),
    st.sampled_from(["phone", "name"]),
    st.integers(1, 3),
    st.integers(0, len(OLDER)),
    st.integers(0, len(OLDER) * 8 - 1),
    st.booleans(),
)
def test_open__anything_but_the_value_where_it_belongs__is_refused(
    tenant, facet, generation, field, version, length, bit, flips
):
    """Copied, moved, truncated, bit-flipped or of an older generation, in any combination: it never opens."""
    changed = bytearray(OLDER[:length])
    if flips and bit // 8 < length:
        changed[bit // 8] ^= 1 << bit % 8
    aad = associated(tenant, facet, generation, field, 1, version)
    is_it = bytes(changed) == OLDER and (tenant, facet, generation, field, version) == (
        "t_1",
        "phone:abc",
        1,
        "phone",
        1,
    )
    if is_it:
        assert opened(bytes(changed), aad=aad) == b"+8613800138000"
        return
    with pytest.raises(SealBroken):
        opened(bytes(changed), aad=aad)

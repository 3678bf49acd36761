import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.kernel import hkdf

CASES = json.loads((Path(__file__).parents[2] / "cases" / "hkdf.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_hkdf__vectors_of_the_rfc__give_its_keys(case):
    """The derivation is RFC 5869's, by its own vectors."""
    made = hkdf.derive(
        bytes.fromhex(case["secret"]),
        salt=bytes.fromhex(case["salt"]),
        info=bytes.fromhex(case["info"]),
        length=case["length"],
    )
    assert made.hex() == case["made"]


@given(st.binary(), st.binary(), st.binary(), st.integers(1, 8160))
def test_hkdf__any_input__equals_the_cryptography_package(secret, salt, info, length):
    """Two independent implementations agree."""
    expected = HKDF(SHA256(), length, salt, info).derive(secret)
    assert hkdf.derive(secret, salt=salt, info=info, length=length) == expected


@pytest.mark.parametrize("length", [0, -1, 8161])
def test_hkdf__impossible_length__is_refused(length):
    """A length that HKDF cannot give is a programming error, not a short key."""
    with pytest.raises(ValueError, match="8160"):
        hkdf.derive(b"secret", info=b"", length=length)

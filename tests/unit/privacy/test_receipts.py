"""A receipt verifies with its key, and with no other key, signature or content."""

import json
from base64 import b64encode

import msgspec
import pytest

from chalicelib.privacy.receipts import ReceiptForged, Signature, public_key, sign, signing_pair, verify

PRIVATE, PUBLIC = signing_pair(b"1" * 32)
DOCUMENT = {
    "receipt_id": "era_1",
    "events": 3,
    "says": {"zh": "已删除", "en": "deleted"},
    "profile_ids": ["p_1", "p_2"],
}
SIGNED = sign(PRIVATE, DOCUMENT)


def test_receipt__printed_and_read_again__verifies():
    """Other order of keys and other spaces are the same document."""
    printed = json.dumps(DOCUMENT, indent=4, sort_keys=True)
    verify(json.loads(printed), SIGNED, PUBLIC)
    verify(msgspec.json.decode(printed), SIGNED, public_key(b64encode(PUBLIC).decode()))


@pytest.mark.parametrize(
    "changed",
    [
        {**DOCUMENT, "events": 4},
        {**DOCUMENT, "profile_ids": ["p_2", "p_1"]},
        {**DOCUMENT, "more": ""},
        {name: one for name, one in DOCUMENT.items() if name != "says"},
        None,
    ],
)
def test_receipt__changed__is_refused(changed):
    """Any other content is no receipt."""
    with pytest.raises(ReceiptForged):
        verify(changed, SIGNED, PUBLIC)


def test_receipt__another_key_or_signature__is_refused():
    """Also where the forger names his own key in the file, and where there is only rubbish."""
    other, other_public = signing_pair(b"2" * 32)
    for signature in (
        sign(other, DOCUMENT),
        Signature("none", SIGNED.public_key, SIGNED.value),
        Signature("Ed25519", SIGNED.public_key, b64encode(b"0" * 64).decode()),
        Signature("Ed25519", SIGNED.public_key, "not base64"),
        Signature("Ed25519", "", ""),
    ):
        with pytest.raises(ReceiptForged):
            verify(DOCUMENT, signature, PUBLIC)
    with pytest.raises(ReceiptForged):
        verify(DOCUMENT, SIGNED, other_public)
    for text in ("", "short", "===="):
        with pytest.raises(ReceiptForged):
            public_key(text)


def test_receipt__signature_of_the_bare_document__is_none():
    """A signature that was made of the same bytes for something else does not pass as a receipt."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    bare = Ed25519PrivateKey.from_private_bytes(PRIVATE).sign(msgspec.json.encode(DOCUMENT, order="sorted"))
    with pytest.raises(ReceiptForged):
        verify(DOCUMENT, Signature("Ed25519", SIGNED.public_key, b64encode(bare).decode()), PUBLIC)

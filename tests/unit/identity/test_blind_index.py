import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.model import Identifier
from chalicelib.identity.blind_index import BlindIndex
from chalicelib.kernel import hkdf

KEY = bytes(range(32))
PHONE = Identifier("phone", "+8613800138000")
TEXTS = st.text(max_size=30)


def test_identifier_key__known_key__never_changes():
    """Keys that are stored stay valid: a change of the derivation would lose everyone."""
    index = BlindIndex(KEY)
    facet_id = index.identifier_key(PHONE)
    assert facet_id == "phone:FjNtFqrOSFjk0YwLJOFGmKbT"
    assert index.profile_id(facet_id) == "p_g0OpIW3QUAHKCIKxewxS"
    assert index.event_key("web", "e-1").hex() == "d5e9d571de8559cab1865f15677941aa"


def test_identifier_key__by_hand__is_hmac_under_the_namespace_key():
    """The index is HMAC-SHA256 under HKDF of the tenant's key and the namespace, 18 bytes of it."""
    key = hkdf.derive(KEY, info=b"zhiyin/index/phone")
    digest = hmac.new(key, PHONE.value.encode(), hashlib.sha256).digest()[:18]
    assert BlindIndex(KEY).identifier_key(PHONE) == "phone:" + urlsafe_b64encode(digest).decode()


def test_identifier_key__second_time__is_the_same():
    """A remembered namespace key gives what a new one gives."""
    index = BlindIndex(KEY)
    assert index.identifier_key(PHONE) == index.identifier_key(PHONE) == BlindIndex(KEY).identifier_key(PHONE)


@given(TEXTS, TEXTS)
def test_identifier_key__another_namespace_or_tenant__has_nothing_in_common(value, other):
    """Equal values of two namespaces or two tenants do not show that they are equal."""
    index, stranger = BlindIndex(KEY), BlindIndex(bytes(32))
    blinds = {
        index.identifier_key(Identifier("phone", value)).partition(":")[2],
        index.identifier_key(Identifier("email", value)).partition(":")[2],
        stranger.identifier_key(Identifier("phone", value)).partition(":")[2],
    }
    assert len(blinds) == 3
    same = index.identifier_key(Identifier("phone", value)) == index.identifier_key(Identifier("phone", other))
    assert same == (value == other)


@given(TEXTS)
def test_identifier_key__any_value__is_url_safe_and_hides_it(value):
    """Keys stand in URLs and logs, so they are safe there and hold no clear value."""
    key = BlindIndex(KEY).identifier_key(Identifier("user_id", value))
    assert re.fullmatch(r"user_id:[A-Za-z0-9_-]{24}", key)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_event_key__two_events__differ_unless_source_and_id_are_equal(source, event_id, source_2, event_id_2):
    """Where the source ends and the id begins is part of the key."""
    index = BlindIndex(KEY)
    same = index.event_key(source, event_id) == index.event_key(source_2, event_id_2)
    assert same == ((source, event_id) == (source_2, event_id_2))
    assert len(index.event_key(source, event_id)) == 16


def test_event_key__moved_boundary__differs():
    """("ab", "c") and ("a", "bc") are two events."""
    index = BlindIndex(KEY)
    assert index.event_key("ab", "c") != index.event_key("a", "bc")


def test_profile_id__any_facet__is_url_safe():
    """Profile ids travel in URLs."""
    assert re.fullmatch(r"p_[A-Za-z0-9_-]{20}", BlindIndex(KEY).profile_id("phone:abc"))


def test_blind_index__printed__shows_nothing():
    """A key that reaches a log by accident is not readable there."""
    assert repr(BlindIndex(KEY)) == "<blind index>"


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_blind_index__short_key__is_refused(key):
    """A cut key is a mistake of ours and must not index anybody."""
    with pytest.raises(ValueError, match="32 bytes"):
        BlindIndex(key)

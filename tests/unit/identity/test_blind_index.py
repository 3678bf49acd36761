import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.model import Identifier
from chalicelib.identity.blind_index import BlindIndex, namespace_of, version_of
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


VECTORS = json.loads((Path(__file__).parents[2] / "cases" / "sealing_vectors.json").read_text())["index"]
NAMES = bytes(range(32, 64))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one['version']}-{one['namespace']}")
def test_blind_index__vectors_of_every_version__never_change(vector):
    """Names are keys of stored rows: those of every form of index key stay what they were."""
    index = BlindIndex(bytes.fromhex(vector["index_key"]), vector["version"])
    key = index.identifier_key(Identifier(vector["namespace"], vector["value"]))
    assert key == vector["identifier_key"]
    assert (namespace_of(key), version_of(key)) == (vector["namespace"], vector["version"])
    assert index.profile_id("user_id:abc") == vector["profile_id"]
    assert index.event_key("s_web", "e1").hex() == vector["event_key"]
    assert index.case_ref("13800138000") == vector["case_ref"]


def test_blind_index__key_rotated__changes_identifiers_and_nothing_else():
    """Events, profile ids and cases keep their names, or each would be counted and made a second time."""
    before, after = BlindIndex(KEY + NAMES), BlindIndex(bytes(32) + NAMES, 2, {1: KEY + NAMES})
    assert before.event_key("s", "e") == after.event_key("s", "e")
    assert before.profile_id("user_id:a") == after.profile_id("user_id:a")
    assert before.case_ref("c1") == after.case_ref("c1")
    assert before.identifier_key(PHONE) != after.identifier_key(PHONE)
    assert after.other_keys(PHONE) == (before.identifier_key(PHONE),)
    assert (before.was_rotated, after.was_rotated, BlindIndex(KEY, 2).was_rotated) == (False, True, True)


@given(st.text(), st.text(), st.integers(1, 99), st.integers(1, 99))
def test_identifier_key__any_two_values_and_versions__are_one_only_if_both_are(value, other, version, another):
    """No name of one identifier is ever another's, under any version: that is what no wrong match rests on."""
    keys = {one: bytes([one]) * 32 for one in (version, another)}
    left = BlindIndex(keys[version], version).identifier_key(Identifier("user_id", value))
    right = BlindIndex(keys[another], another).identifier_key(Identifier("user_id", other))
    assert (left == right) == ((value, version) == (other, another))
    assert version_of(left) == version


def test_case_ref__a_key_of_one_part__is_what_it_always_was():
    """Tenants of before keep the references that their steps hold."""
    assert BlindIndex(KEY).case_ref("138") == BlindIndex(KEY).identifier_key(Identifier("case", "138"))

import hashlib
from base64 import b64encode

import msgspec
import pytest

from chalicelib.kernel.errors import Forbidden, NotAuthorised
from chalicelib.privacy.credentials import (
    SCOPES,
    Credential,
    Presented,
    admit,
    hash_token,
    new_token,
    read_authorization,
    require,
    scopes_of,
)

WRITE_KEY = new_token("source", bytes(range(32)))
TOKEN = new_token("principal", bytes(range(32)))
NOW = 1_800_000_000_000
STORED = Credential(token_hash=hash_token(TOKEN), kind="principal", tenant="t_1", id="pr_1", roles=("bot",))


def basic(text):
    return "Basic " + b64encode(text.encode()).decode()


def test_new_token__each_kind__has_its_prefix_and_length():
    """A leaked key can be told at sight, by people and by secret scanners."""
    assert WRITE_KEY.startswith("zk_")
    assert TOKEN.startswith("zt_")
    assert len(WRITE_KEY) == len(TOKEN) == 46


def test_new_token__too_few_random_bytes__is_refused():
    """A short secret could be guessed."""
    with pytest.raises(ValueError, match="32"):
        new_token("source", bytes(16))


def test_read_authorization__well_formed__gives_kind_and_hash():
    """Basic carries a write key, Bearer a token; only the hash goes on."""
    expected = Presented("source", hashlib.sha256(WRITE_KEY.encode()).hexdigest())
    assert read_authorization(basic(WRITE_KEY + ":")) == expected
    assert read_authorization(basic(WRITE_KEY + ":ignored").replace("Basic", "basic")) == expected
    assert read_authorization(f"Bearer {TOKEN}") == Presented("principal", hash_token(TOKEN))
    assert WRITE_KEY not in repr(expected)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        TOKEN,
        f"Bearer {WRITE_KEY}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN[:-1]}é",
        f"Bearer {TOKEN[:-1]}\n",
        f"Digest {TOKEN}",
        basic(TOKEN + ":"),
        basic(WRITE_KEY),
        basic(":" + WRITE_KEY),
        basic("é:"),
        "Basic !!!",
        "Basic a",
        "Basic é",
        "Bearer " + "z" * 1000,
    ],
)
def test_read_authorization__anything_else__is_refused_alike(header):
    """One refusal for every cause, malformed base64 and foreign letters included (bad input 28)."""
    with pytest.raises(NotAuthorised) as refusal:
        read_authorization(header)
    assert str(refusal.value) == "not_authorised: A valid credential is needed."


def test_admit__the_stored_one__is_given_back():
    """A credential that matches, is not revoked and has not expired holds."""
    presented = read_authorization(f"Bearer {TOKEN}")
    assert admit(presented, STORED, NOW) is STORED
    later = msgspec.structs.replace(STORED, expires_at=NOW + 1)
    assert admit(presented, later, NOW) is later


@pytest.mark.parametrize(
    "stored",
    [
        None,
        msgspec.structs.replace(STORED, token_hash=hash_token(WRITE_KEY)),
        msgspec.structs.replace(STORED, token_hash=""),
        msgspec.structs.replace(STORED, kind="source"),
        msgspec.structs.replace(STORED, revoked=True),
        msgspec.structs.replace(STORED, expires_at=NOW),
    ],
    ids=["unknown", "another", "empty hash", "another kind", "revoked", "expired"],
)
def test_admit__any_other__is_refused_alike(stored):
    """Unknown, revoked and expired credentials get the same answer."""
    with pytest.raises(NotAuthorised):
        admit(read_authorization(f"Bearer {TOKEN}"), stored, NOW)


def test_admit__zero_hash_presented_and_nothing_stored__is_refused():
    """The stand-in that keeps the comparison's time constant admits nobody."""
    with pytest.raises(NotAuthorised):
        admit(Presented("principal", "0" * 64), None, NOW)


def test_scopes__each_role__may_what_the_contract_says():
    """The table of roles is the contract's."""
    assert SCOPES["source"] == {"events:write"}
    assert SCOPES["bot"] == {"route", "context:read", "decisions:write", "purpose:service"}
    assert all("events:write" not in scopes for role, scopes in SCOPES.items() if role != "source")
    assert [role for role, scopes in SCOPES.items() if "profiles:reveal" in scopes] == ["supervisor", "admin"]
    assert [role for role, scopes in SCOPES.items() if "privacy:export" in scopes] == ["privacy_officer", "admin"]
    assert "catalogue:write" not in SCOPES["analyst"]


def test_scopes_of__several_roles__is_their_union_and_unknown_ones_add_nothing():
    """A role that is not in the table may do nothing."""
    assert scopes_of(["bot", "analyst", "root"]) == SCOPES["bot"] | SCOPES["analyst"]
    assert scopes_of([]) == scopes_of(["__class__"]) == frozenset()


def test_require__missing_scope__is_forbidden():
    """A bot cannot reveal."""
    require(SCOPES["supervisor"], "profiles:reveal")
    with pytest.raises(Forbidden, match="scope_missing"):
        require(SCOPES["bot"], "profiles:reveal")


def test_credential__printed__shows_no_hash():
    """Not even the hash belongs in a log."""
    assert repr(STORED) == "<credential principal pr_1>"

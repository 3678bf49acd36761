import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.kernel.codec import encode
from chalicelib.kernel.errors import BadInput, NotAuthorised
from chalicelib.kernel.moments import HOUR_MS, MINUTE_MS
from chalicelib.privacy import links

NOW = 1_800_000_000_000
KEY = links.link_key(bytes(range(32)))
OTHER_KEY = links.link_key(bytes(32))
CLAIMS = links.claims_of("t_1", "l" * 32, "user_id:abc", 1, ["erase", "see"], NOW + HOUR_MS)
TOKEN = links.sign(CLAIMS, KEY)


def opened(token, keys=(KEY,), now=NOW):
    _, coded, signature = links.presented(f"Bearer {token}")
    return links.checked(coded, signature, keys, now)


def test_sign__and_check__gives_the_claims_and_the_tenant_first():
    """What was signed is read back, in the order in which actions are declared."""
    assert opened(TOKEN) == CLAIMS
    assert CLAIMS.actions == ("see", "erase")
    assert links.presented(f"bearer  {TOKEN}")[0] == "t_1"
    assert TOKEN.startswith("zl_")
    assert links.sign(CLAIMS, KEY) == TOKEN, "a repeated request is answered with the same link"


def test_check__either_of_two_keys__opens():
    """While an index key is changed for another, links of both hold."""
    assert opened(TOKEN, (OTHER_KEY, KEY)) == CLAIMS
    assert opened(TOKEN, (KEY, OTHER_KEY)) == CLAIMS


@pytest.mark.parametrize("keys", [(), (OTHER_KEY,)])
def test_check__key_of_nobody_or_of_others__refused(keys):
    """Another tenant's key, or none, signs nothing here."""
    with pytest.raises(NotAuthorised):
        opened(TOKEN, keys)


def test_check__at_its_end__refused():
    """A link holds until its instant and not at it."""
    assert opened(TOKEN, now=NOW + HOUR_MS - 1) == CLAIMS
    with pytest.raises(NotAuthorised):
        opened(TOKEN, now=NOW + HOUR_MS)


def test_check__each_character_changed__refused():
    """No letter of a token can be another: claims and signature hold each other, and have one spelling."""
    for place in range(3, len(TOKEN)):
        for letter in "Az9-_.":
            if TOKEN[place] != letter:
                with pytest.raises(NotAuthorised):
                    opened(TOKEN[:place] + letter + TOKEN[place + 1 :])


@pytest.mark.parametrize(
    "change",
    [
        {"actions": links.ACTIONS},
        {"tenant": "t_2"},
        {"facet": "user_id:other"},
        {"generation": 2},
        {"expires_at": 1 << 50},
    ],
)
def test_check__claims_changed_under_the_old_signature__refused(change):
    """Nobody gives himself another person, another action or more time."""
    coded = base64.urlsafe_b64encode(encode(replace(CLAIMS, **change))).rstrip(b"=").decode()
    with pytest.raises(NotAuthorised):
        opened(f"zl_{coded}.{TOKEN.partition('.')[2]}")


def test_check__claims_of_another_version__refused():
    """A later shape is not taken for this one, even if signed."""
    with pytest.raises(NotAuthorised):
        opened(links.sign(replace(CLAIMS, version=2), KEY))


@given(st.text(max_size=400))
def test_presented__any_text__refused_and_never_a_fault(text):
    """Whatever stands in the header, the answer is one refusal."""
    for header in (text, f"Bearer {text}", f"Bearer zl_{text}", f"Bearer {TOKEN}{text or ' '}x"):
        with pytest.raises(NotAuthorised):
            links.presented(header)
    with pytest.raises(NotAuthorised):
        links.presented(None)


@given(st.binary(min_size=12, max_size=300))
def test_presented__any_bytes_as_claims__refused_or_harmless(content):
    """Bytes that are no claims, or a bomb of zeros deflated, are refused before anything is looked up."""
    coded = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    with pytest.raises(NotAuthorised):
        opened(f"zl_{coded}.{'A' * 43}")


def test_expiry__hours__from_one_to_seventy_two():
    """A link is short-lived whoever makes it."""
    assert links.expiry(72, NOW) == NOW + 72 * HOUR_MS
    for hours in (0, 73, -1):
        with pytest.raises(BadInput) as refused:
            links.expiry(hours, NOW)
        assert refused.value.code == "bad_hours"


@pytest.mark.parametrize("actions", [(), ("see", "reveal")])
def test_claims__of_no_or_an_unknown_action__refused(actions):
    """A link names what it allows, of what there is."""
    with pytest.raises(BadInput) as refused:
        links.claims_of("t_1", "l", "user_id:a", 1, actions, NOW)
    assert refused.value.code == "bad_actions"


def test_confirmation__of_the_same_link__holds_for_ten_minutes():
    """What confirms an erasure belongs to one link, and to the moment in which it was asked for."""
    given_ = links.confirmation(CLAIMS, KEY, NOW)
    assert links.is_confirmed(given_, CLAIMS, (OTHER_KEY, KEY), NOW + 10 * MINUTE_MS - 1)
    assert not links.is_confirmed(given_, CLAIMS, (KEY,), NOW + 10 * MINUTE_MS)
    assert not links.is_confirmed(given_, replace(CLAIMS, link_id="m" * 32), (KEY,), NOW)
    assert not links.is_confirmed(given_, CLAIMS, (OTHER_KEY,), NOW)
    later = f"{NOW + HOUR_MS:013d}{given_[13:]}"
    assert not links.is_confirmed(later, CLAIMS, (KEY,), NOW)
    for wrong in ("", "yes", TOKEN, given_ + "x"):
        assert not links.is_confirmed(wrong, CLAIMS, (KEY,), NOW)


def test_signatures__of_two_uses__are_never_each_other():
    """A confirmation cannot be turned into a link."""
    signature = links.confirmation(CLAIMS, KEY, NOW).partition(".")[2]
    with pytest.raises(NotAuthorised):
        opened(f"{TOKEN.partition('.')[0]}.{signature}")


def test_link_key__of_less_than_an_index_key__is_none():
    """A key that is too short signs nothing."""
    with pytest.raises(ValueError, match="32"):
        links.link_key(bytes(31))


def test_reprs__of_claims__show_no_facet():
    """A link that is logged by accident names nobody."""
    assert "abc" not in repr(CLAIMS)

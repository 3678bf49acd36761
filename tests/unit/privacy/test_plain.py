import pytest

from chalicelib.privacy.plain import is_plain_id, is_plain_word
from chalicelib.privacy.tenants import Tenant


@pytest.mark.parametrize("text", ["A-17", "t_1", "p_abcDEF-_12", "20261122000123", "order.paid", "a/b", "phone:AbC="])
def test_is_plain_id__an_id__is_plain(text):
    """Ids of the usual shapes may be logged and shown."""
    assert is_plain_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "张三",
        "13987654321",
        "x-8613987654321",
        "+14155552671",
        "110105194912310021",
        "a@b.cn",
        "x" * 129,
        "a\nb",
    ],
)
def test_is_plain_id__what_may_name_somebody__is_not(text):
    """Phones, cards, addresses, names and sentences are not ids."""
    assert not is_plain_id(text)


@pytest.mark.parametrize("text", ["美妆", "insufficient_funds", "Plus plan 2026"])
def test_is_plain_word__a_label__is_plain(text):
    """Labels in any script may be shown."""
    assert is_plain_word(text)


@pytest.mark.parametrize("text", ["", "x" * 65, "a@b", "a＠b", "12345", "１２３４５", "a\u2028b", "a\nb"])
def test_is_plain_word__what_may_name_somebody__is_not(text):
    """Long runs of digits in any script, address signs and line breaks are not labels."""
    assert not is_plain_word(text)


def test_tenant__several_branch_keys__seals_under_the_newest_and_prints_its_id():
    """Rotation adds a version; older ones only open."""
    tenant = Tenant("t_1", "Shop", "Asia/Shanghai", b"i", {1: b"a", 3: b"c", 2: b"b"}, b"p", b"q")
    assert tenant.branch_version == 3
    assert repr(tenant) == "<tenant t_1>"

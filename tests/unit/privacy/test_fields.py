from decimal import Decimal

import pytest

from chalicelib.kernel.errors import BadInput
from chalicelib.privacy.fields import EVENT_FIELDS, FIELDS, SOURCE_TRAITS, allowed_traits, check_trait, view

CANARIES = (
    "13987654321",
    "+8613987654321",
    "canary@example.com",
    "ann 13987654321",
    "11010519491231002X",
    "１３９８７６５４３２１",
)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_data_map__each_trait__says_why_and_how_long(field):
    """Nothing is kept without a purpose, a legal basis, a retention and names in both languages."""
    assert field.purposes
    assert field.legal_basis in {"contract", "consent", "legitimate_interest", "legal_obligation"}
    assert 0 < field.retention_days <= 3650
    assert field.names.zh
    assert field.names.en
    assert not field.derived_from or FIELDS[field.derived_from].is_sealed
    assert bool(field.derived_from) == (field.writable_by == "derived")


def test_data_map__what_names_a_person__is_sealed():
    """Whoever may read the profiles table learns no name, number or address."""
    sealed = {"name", "phone", "email", "address", "birth_date", "company", "occupation", "income_band", "credit_band"}
    assert {field.name for field in FIELDS.values() if field.is_sealed} == sealed
    assert {name for name, field in EVENT_FIELDS.items() if field.class_ in {"personal", "sensitive"}} == {
        "text",
        "query",
        "path",
        "traits",
    }


def test_allowed_traits__no_list__is_what_any_source_may_write():
    """A source cannot make somebody a VIP unless its credential says so (bad input 25)."""
    assert allowed_traits() == allowed_traits(()) == SOURCE_TRAITS
    assert not {"is_vip", "member_level", "credit_band", "age_band", "country"} & SOURCE_TRAITS
    assert {"name", "phone", "city"} <= SOURCE_TRAITS


def test_allowed_traits__a_list__is_taken_without_unknown_and_derived_ones():
    """A credential grants declared traits only, and nobody writes a derived one."""
    assert allowed_traits(["is_vip", "name", "age_band", "version", "__class__"]) == {"is_vip", "name"}


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("name", " 张三 ", "张三"),
        ("gender", "female", "female"),
        ("birth_date", "1998-02-28", "1998-02-28"),
        ("city", "上海", "上海"),
        ("city_tier", 1, 1),
        ("is_vip", True, True),
        ("member_level", "gold", "gold"),
        ("registered_at", "2026-01-01T00:00:00Z", 1767225600000),
    ],
)
def test_check_trait__of_its_type__is_kept(name, value, kept):
    """A value of the declared type comes through, moments as milliseconds."""
    assert check_trait(name, value) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", 5),
        ("name", None),
        ("name", "x" * 101),
        ("gender", "Female"),
        ("birth_date", "1998-02-30"),
        ("birth_date", 19980228),
        ("city", "call 13987654321"),
        ("city", "a@b.cn"),
        ("city", "a\nb"),
        ("city_tier", 0),
        ("city_tier", 6),
        ("city_tier", True),
        ("city_tier", "1"),
        ("city_tier", 1.0),
        ("is_vip", 1),
        ("is_vip", "true"),
        ("member_level", "emperor"),
        ("notify_channel", []),
    ],
)
def test_check_trait__of_another_type__is_refused_without_its_value(name, value):
    """Types are strict (bad input 11), and the refusal never quotes what was sent."""
    with pytest.raises(BadInput) as refusal:
        check_trait(name, value)
    assert refusal.value.code == "bad_trait"
    assert refusal.value.path == f"traits.{name}"
    if isinstance(value, str) and len(value) > 4:
        assert value not in str(refusal.value)


def test_check_trait__a_moment_without_zone__is_refused():
    """Times without zone are refused everywhere (bad input 18)."""
    with pytest.raises(BadInput, match="bad_time"):
        check_trait("registered_at", "2026-01-01T00:00:00")


@pytest.mark.parametrize("name", ["consent", "tags", "version", "__proto__", ""])
def test_check_trait__undeclared__is_refused(name):
    """Only declared names are traits (bad inputs 22 and 25)."""
    with pytest.raises(BadInput) as refusal:
        check_trait(name, "x")
    assert refusal.value.code == "unknown_trait"
    assert not name or name not in str(refusal.value)


@pytest.mark.parametrize(
    ("event_type", "data", "shown"),
    [
        ("order.paid", {"order_id": "A-17", "amount": "99.50", "currency": "CNY", "items": 2}, None),
        ("order.paid", {"amount": Decimal("1.5"), "category": "美妆"}, None),
        (
            "message.received",
            {"text": "你好", "conversation_id": "c1", "topic": "refund"},
            {"conversation_id": "c1", "topic": "refund"},
        ),
        ("search.performed", {"query": "口红"}, {}),
        ("page.viewed", {"path": "/u/13987654321", "category": "beauty"}, {"category": "beauty"}),
        ("profile.described", {"traits": {"name": "张三"}}, {}),
        ("conversation.closed", {"resolved": True}, None),
        ("subscription.expiring", {"ends_at": "2026-01-01T00:00:00Z", "plan": "plus"}, None),
        ("subscription.expiring", {"ends_at": "soon", "plan": 7}, {}),
        ("custom.gift_wrapped", {"order_id": "A-17", "note": "x"}, {}),
        ("survey.answered", {"score": True, "order_id": "A-17"}, {}),
        ("order.paid", {"amount": "1e5000", "items": 10**20, "order_id": {"a": 1}}, {}),
        ("order.paid", {"amount": "1." + "0" * 500}, {}),
        ("order.paid", {"unknown": 1}, {}),
    ],
)
def test_view__event_of_a_type__shows_its_clear_fields(event_type, data, shown):
    """A timeline shows declared public and internal fields of the event's family, and nothing else."""
    assert view(event_type, data) == (data if shown is None else shown)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("name", [*EVENT_FIELDS, "anything"])
def test_view__personal_value_in_any_field__is_not_shown(name, canary):
    """A phone number in the place of an order number does not reach the history in clear."""
    families = EVENT_FIELDS[name].families if name in EVENT_FIELDS else ("order", "message")
    for family in families:
        assert canary not in str(view(f"{family}.happened", {name: canary}))

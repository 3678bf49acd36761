from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.attributes import decode, decode_item, encode, encode_item

LEAVES = st.one_of(
    st.text(min_size=1, max_size=10),
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.booleans(),
    st.binary(min_size=1, max_size=10),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(min_size=1), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=5)


@given(ITEMS)
def test_item__any_values__come_back(item):
    """What is encoded is decoded to the same values and types."""
    back = decode_item(encode_item(item))
    assert back == item
    assert repr(back) == repr(item)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1) | st.integers(-9, 9) | st.booleans()))
def test_item__read_by_boto3__is_the_same(item):
    """The typed form is DynamoDB's."""
    reader = TypeDeserializer()
    assert {name: reader.deserialize(value) for name, value in encode_item(item).items()} == item


def test_item__empty_values__are_dropped():
    """DynamoDB refuses or forgets empty values (bad input 12)."""
    item = {"a": None, "b": "", "c": b"", "d": [], "e": {}, "f": (), "g": 0, "h": False, "i": {"j": None, "k": 1}}
    assert encode_item(item) == {"g": {"N": "0"}, "h": {"BOOL": False}, "i": {"M": {"k": {"N": "1"}}}}


def test_list__none_in_it__keeps_its_place():
    """Dropping from a list would move what follows."""
    assert decode(encode([1, None, "", (2,)])) == [1, None, "", [2]]


@pytest.mark.parametrize("value", [1.5, {1}, object(), Decimal(1)])
def test_encode__type_we_do_not_store__is_refused(value):
    """A float would not come back as it went."""
    with pytest.raises(TypeError):
        encode_item({"a": value})


@pytest.mark.parametrize("value", [10**38, -(10**38)])
def test_encode__number_past_38_digits__is_refused(value):
    """DynamoDB would refuse it, later and less clearly."""
    with pytest.raises(ValueError, match="38"):
        encode(value)


@pytest.mark.parametrize(("text", "number"), [("1.5", Decimal("1.5")), ("1E+3", 1000), ("-0", 0), ("7", 7)])
def test_decode__number__is_an_integer_when_whole(text, number):
    """DynamoDB may write a whole number with an exponent."""
    assert decode({"N": text}) == number
    assert type(decode({"N": text})) is type(number)


def test_decode__set__is_refused():
    """We store no sets, so one is not ours."""
    with pytest.raises(ValueError, match="type"):
        decode({"SS": ["a"]})

from __future__ import annotations

import pytest

from chalicelib.matching import forms
from chalicelib.matching.levels import CROSSING_LEVELS, LEVEL_NAMES, LEVELS, MISSING
from chalicelib.matching.model import Person, Row, pair_id
from chalicelib.matching.schema import FIELD_NAMES, READ, SCHEMA
from chalicelib.privacy.fields import FIELDS


@pytest.mark.parametrize(
    ("form", "text", "compared"),
    [
        (forms.plain, "  Ünter  den-Linden,7 ", "unter den linden 7"),
        (forms.plain, "ＡＢＣ　１２", "abc 12"),
        (forms.plain, "浦东新区 世纪大道", "浦东新区 世纪大道"),
        (forms.digits, "+86 139-0000-1234", "8613900001234"),
        (forms.date, "1990-03-14", "19900314"),
        (forms.date, "1990-03-14T00:00:00Z", "19900314"),
        (forms.date, "19900314", "19900314"),
        (forms.date, "March", ""),
        (forms.email, " A.Li@Shop.CN ", "a.li@shop.cn"),
        (forms.soundex, "robert", "R163".lower()),
        (forms.soundex, "rupert", "r163"),
        (forms.soundex, "zhang", "z520"),
        (forms.soundex, "张", "张"),
    ],
)
def test_form__of_a_text__is_what_is_compared(form, text, compared):
    """What differs only in writing becomes equal."""
    assert form(text) == compared


@pytest.mark.parametrize(
    ("value", "part", "key"),
    [
        ("张|zhang", "sound", "z520"),
        ("19900314", "year", "1990"),
        ("19900314", "month_day", "0314"),
        ("tullaroop street", "start", "tull"),
        ("a.li@shop.cn", "local", "a.li"),
        ("3165", "whole", "3165"),
    ],
)
def test_cut__of_a_value__goes_into_a_key(value, part, key):
    """Keys hold the parts that survive slips."""
    assert forms.cut(value, part) == key


def test_words__of_fields_and_levels__are_told_in_both_languages():
    """A reviewer reads every field and level in Chinese and English."""
    levels = {level for kinds in LEVELS.values() for level in kinds} | {*CROSSING_LEVELS, MISSING}
    assert LEVEL_NAMES.keys() == levels
    assert {field.name for field in SCHEMA.fields} | {"/".join(pair) for pair in SCHEMA.crossings} == FIELD_NAMES.keys()
    assert all(names.keys() == {"zh", "en"} for names in (*LEVEL_NAMES.values(), *FIELD_NAMES.values()))


def test_traits__that_a_run_opens__are_declared():
    """No trait is read that nobody declared."""
    assert set(READ) <= FIELDS.keys()


def test_pair_id__of_both_orders__is_one():
    """A pair has no first and second."""
    assert pair_id("p_a", "p_b") == pair_id("p_b", "p_a") != pair_id("p_a", "p_c")


def test_values__in_a_log_by_accident__stay_unread():
    """Printing a person or a row shows no value."""
    assert "张三" not in repr(Person("p_1", {"name": "张三"})) + repr(Row("p_1", {"given_name": "张三"}))


def test_schema__without_a_field__loses_what_needs_it():
    """Fields that nobody has take their rules and crossings with them."""
    names = frozenset({"given_name", "birth_date"})
    only = SCHEMA.only(names)
    assert {field.name for field in only.fields} == names
    assert only.crossings == () and only.rules
    assert all({field for field, _ in rule.cuts} <= names for rule in only.rules)

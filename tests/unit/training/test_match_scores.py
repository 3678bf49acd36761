from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.matching.model import LIKELY, Field, Person, Row, Rule, Schema
from chalicelib.training.matches import blocks
from chalicelib.training.matches.blocks import candidates
from chalicelib.training.matches.pairs import table
from chalicelib.training.matches.people import find_matches, row_of
from chalicelib.training.matches.propose import propose

FAMILIES = [
    "王",
    "李",
    "张",
    "刘",
    "陈",
    "杨",
    "黄",
    "赵",
    "吴",
    "周",
    "徐",
    "孙",
    "马",
    "朱",
    "胡",
    "郭",
    "何",
    "高",
    "林",
    "罗",
]
GIVENS = [
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀兰",
    "霞",
    "平",
    "晓明",
    "建国",
    "志强",
    "海燕",
    "文博",
    "子涵",
    "浩然",
]
CITIES = ["上海", "北京", "广州", "深圳", "杭州", "成都"]


def town(size=300, seed=1):
    """People of an invented town, by a number of their own."""
    draw = random.Random(seed)
    return [
        Person(
            f"p_{number:04}",
            {
                "name": draw.choice(FAMILIES) + draw.choice(GIVENS),
                "birth_date": f"{draw.randint(1950, 2005)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
                "phone": f"+861{draw.randint(3_000_000_000, 9_999_999_999)}",
                "city": draw.choice(CITIES),
                "address": f"{draw.choice(CITIES)}市第{draw.randint(1, 40)}街{draw.randint(1, 400)}号",
            },
            habits=tuple(draw.sample(["on:web", "on:wechat", "on:app", "device_os:ios"], 2)),
            days=tuple(sorted(draw.sample(range(20_000, 20_090), 6))),
        )
        for number in range(size)
    ]


def again(person, **changed):
    """The same person once more, with some traits written otherwise (None = missing)."""
    traits = {name: value for name, value in {**person.traits, **changed}.items() if value is not None}
    return Person(person.profile_id + "_again", traits, person.habits, person.days)


PEOPLE = town()
TWICE = [again(person, phone=None) for person in PEOPLE[:60]]


def pairs(found):
    return {(match.left, match.right) for match in found.matches}


def test_run__same_people_without_their_phone__are_found():
    """Who writes the same name and birth date without the phone is proposed, and strangers are not."""
    found = find_matches([*PEOPLE, *TWICE])
    assert pairs(found) == {(one.profile_id.removesuffix("_again"), one.profile_id) for one in TWICE}


def test_run__name_in_pinyin__is_found():
    """张三 in characters and Zhang San in letters are one person where the birth date agrees."""
    first = Person("p_x", {"name": "张三", "birth_date": "1990-03-14", "city": "上海"})
    second = Person("p_y", {"name": "Zhang San", "birth_date": "1990-03-14", "city": "上海"})
    (match,) = [one for one in find_matches([*PEOPLE, *TWICE, first, second]).matches if one.left == "p_x"]
    assert match.right == "p_y"
    assert {part.level for part in match.parts if part.field in {"given_name", "family_name"}} == {"sounds_same"}


def test_run__family_at_one_address__is_not_one_person():
    """What a household shares never speaks for one person alone: a couple and a child stay three."""
    home = {"address": "上海市第9街99号", "city": "上海", "region": "上海"}
    family = [
        Person("p_f1", {"name": "沈大卫", "birth_date": "1980-01-30", **home}),
        Person("p_f2", {"name": "沈小宝", "birth_date": "2004-11-09", **home}),
        Person("p_f3", {"name": "沈女士", **home}),
    ]
    assert not {one for pair in pairs(find_matches([*PEOPLE, *TWICE, *family])) for one in pair if one[:3] == "p_f"}


def test_match__weight__is_the_sum_of_its_parts():
    """A score explains itself: prior and parts add up to the weight, and the chance follows from it."""
    for match in find_matches([*PEOPLE, *TWICE]).matches:
        assert match.weight == pytest.approx(match.prior + sum(part.weight for part in match.parts), abs=1e-3)
        assert match.score == pytest.approx(1 / (1 + 2**-match.weight), abs=1e-4)
        assert all(part.weight == 0 for part in match.parts if part.level == "missing")


def test_match__parts__hold_no_value():
    """The explanation names levels; no name, date or number of a person stands in it."""
    told = repr(find_matches([*PEOPLE, *TWICE]).matches)
    assert not any(value in told for person in PEOPLE for value in person.traits.values())


def test_match__rare_name__says_more_than_a_common_one():
    """To share a name that few have is stronger evidence."""
    common = [Person(f"p_c{n}", {"name": "王伟", "birth_date": f"19{60 + n}-05-05"}) for n in range(30)]
    rare = Person("p_r", {"name": "禚翀", "birth_date": "1977-07-07"})
    usual = again(common[0])
    found = find_matches([*PEOPLE, *TWICE, *common, usual, rare, again(rare)])
    weight = {
        match.left: next(part.weight for part in match.parts if part.field == "given_name") for match in found.matches
    }
    assert weight["p_r"] > weight["p_c0"] + 2


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_run__any_order_of_rows__same_result(draw):
    """The result is a function of the set of people: how they come does not matter, to the last digit."""
    people = [*PEOPLE[:120], *TWICE[:30]]
    expected = find_matches(people)
    draw.shuffle(people)
    assert find_matches(people) == expected


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "birth_date", "phone", "email", "address", "city"]), st.text(max_size=12)
        ),
        max_size=12,
    )
)
def test_run__whatever_people_write__ends(written):
    """No text stops a run, and no pair comes twice."""
    found = find_matches([Person(f"p_{number}", traits) for number, traits in enumerate(written)])
    assert len(pairs(found)) == len(found.matches)
    assert all(match.left < match.right and match.score >= LIKELY for match in found.matches)


@pytest.mark.parametrize("people", [[], [Person("p_1", {})], [Person("p_1", {}), Person("p_2", {})]])
def test_run__nothing_to_compare__finds_nothing(people):
    """No people, one person, and people of whom nothing is known."""
    assert find_matches(people).matches == ()


def test_weights__of_a_made_population__are_learned():
    """EM without labels finds how often one person's values agree, where the truth is known."""
    draw = random.Random(5)
    rows = []
    for number in range(1500):
        values = {name: str(draw.randint(1000, 9999)) for name in ("a", "b", "c")}
        rows.append(Row(f"{number:05}-0", values))
        if number % 3 == 0:
            slipped = {
                name: one if draw.random() < 0.8 else str(draw.randint(1000, 9999)) for name, one in values.items()
            }
            rows.append(Row(f"{number:05}-1", slipped))
    schema = Schema(
        tuple(Field(name, "code") for name in "abc"),
        (),
        tuple(Rule(((name, "whole"),)) for name in "abc"),
    )
    weights = propose(rows, schema, LIKELY).weights
    assert all(weights.m[name][0] == pytest.approx(0.8, abs=0.07) for name in "abc")
    assert all(weights.u[name][0] < 0.0005 for name in "abc")


def test_blocks__one_that_everyone_shares__grows_with_its_rows(monkeypatch):
    """A key that everybody has does not bring everybody together: neighbours only."""
    rows = [Row(f"{number:05}", {"a": "same", "b": f"{number:05}"}) for number in range(1000)]
    schema = Schema((Field("a", "code"), Field("b", "code")), (), (Rule((("a", "whole"),)),))
    left, right = candidates(table(rows, schema))
    assert len(left) < 1000 * blocks.NEIGHBOURS
    assert (left < right).all() and len(np.unique(left * 1000 + right)) == len(left)


def test_row__of_a_person__has_only_what_is_known():
    """Missing and empty traits are left out, so that they are no evidence."""
    row = row_of(Person("p_1", {"name": "王女士", "birth_date": "soon", "city": ""}, ("on:web",), (1, 2)))
    assert row.values == {"family_name": "王|wang", "habits": "on:web", "presence": "1 2"}

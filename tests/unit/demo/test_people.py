"""The invented people: repeatable, separate, and true to what they are scored by."""

from __future__ import annotations

from datetime import date
from itertools import chain

import pytest

from infra.demo.match import TAGS, TRAITS, match, overall
from infra.demo.people import AGE_BANDS, Person, make_people

TODAY = date(2026, 11, 22)
PEOPLE = make_people(200, 7, TODAY)


def _identifiers(person: Person) -> tuple[str, ...]:
    return (
        person.user_id,
        person.member_id,
        person.phone,
        person.email,
        person.wechat_openid,
        person.anonymous_id,
        person.device,
    )


def test_people__same_seed__same_people() -> None:
    """The seed and the day decide everything."""
    assert make_people(200, 7, TODAY) == PEOPLE
    assert make_people(200, 8, TODAY) != PEOPLE


def test_people__any_two__share_no_identifier() -> None:
    """No identifier belongs to two people, and none is the blocked 13800138000."""
    everything = list(chain.from_iterable(_identifiers(person) for person in PEOPLE))
    assert len(everything) == len(set(everything))
    assert "+8613800138000" not in everything


def test_people__birth_dates__lie_inside_the_band() -> None:
    """A person's age is in their band today and a fortnight ago, so that no event sees another band."""
    bands = {band: (youngest, oldest) for band, youngest, oldest, _ in AGE_BANDS}
    for person in PEOPLE:
        born = date.fromisoformat(person.birth_date)
        had_birthday = (TODAY.month, TODAY.day) >= (born.month, born.day)
        age = TODAY.year - born.year - (not had_birthday)
        youngest, oldest = bands[person.age_band]
        assert youngest <= age <= oldest


def test_people__every_judged_attribute__is_found_among_them() -> None:
    """Each tag that is scored is true of someone and false of someone; else its score would say nothing."""
    for name, truth in TAGS.items():
        assert {truth(person) for person in PEOPLE if person.stage != "guest"} == {True, False}, name
    for name, told in TRAITS.items():
        assert len({told(person) for person in PEOPLE}) > 1, name


@pytest.mark.parametrize("count", [0, 9_001])
def test_people__impossible_number__is_refused(count: int) -> None:
    """Numbers that cannot be made are refused with a sentence."""
    with pytest.raises(ValueError, match="between 1 and"):
        make_people(count, 7, TODAY)


def test_match__perfect_profiles__score_one() -> None:
    """Profiles that say the truth and nothing else score 1 everywhere."""
    profiles = {
        person.index: {
            "traits": {name: {"value": told(person)} for name, told in TRAITS.items()},
            "tags": [{"id": name} for name, truth in TAGS.items() if truth(person) and _judged(name, person)],
        }
        for person in PEOPLE
    }
    scores = match(PEOPLE, profiles)
    assert {score.f1 for score in scores} == {1.0}
    assert overall(scores).f1 == 1.0


def test_match__nobody_known__scores_nothing_found() -> None:
    """Profiles that are missing count as misses, not as silence."""
    pooled = overall(match(PEOPLE, {}))
    assert (pooled.right, pooled.found) == (0, 0)
    assert pooled.recall == 0.0


def test_match__wrong_type__is_not_right() -> None:
    """True is not 1, and 1 is not true."""
    person = next(person for person in PEOPLE if person.city_tier == 1 and person.stage != "guest")
    scores = {
        score.name: score for score in match([person], {person.index: {"traits": {"city_tier": {"value": True}}}})
    }
    assert scores["city_tier"].right == 0


def _judged(name: str, person: Person) -> bool:
    habit = name.startswith("prefers_") or name in ("night_contact", "beauty_after_sales")
    return person.stage in ("regular", "guest") if habit else person.stage != "guest"

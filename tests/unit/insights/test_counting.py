"""Counts of people add in any order, and what is shown of them tells of nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.insights.counting import BIN_STARTS, CONFIDENCE_BINS, Counts, added, count_person, no_counts
from chalicelib.insights.groupings import CROWD, GROUPINGS, SEGMENTS, groups_of, region_of, segment_of
from chalicelib.insights.results import HISTORY_DAYS, earlier, result_of, shown
from chalicelib.insights.runs import next_run
from chalicelib.kernel.codec import encode
from chalicelib.profiles.model import Profile, Trait
from chalicelib.tags.catalogue import load_catalogue
from chalicelib.tags.engine import evaluate
from tests.unit.tags.persons import NOW, happened, person

CATALOGUE = load_catalogue()


def people(numbers: list[int]) -> Counts:
    """Counts of people who each did as much as their number."""
    counts = no_counts()
    for number in numbers:
        one = someone(number)
        count_person(counts, one, evaluate(CATALOGUE, one, NOW), CATALOGUE.measures.money, NOW)
    return counts


def someone(number: int) -> Profile:
    return person(
        [happened("conversation.opened", 1, conversation_id=f"c{at}") for at in range(number % 7)],
        traits={"region": ["浙江", "上海", "Ohio"][number % 3], "member_level": "gold"},
    )


@given(st.lists(st.integers(0, 20), max_size=12), st.integers(0, 12))
def test_counts__of_parts__are_those_of_the_whole(numbers: list[int], cut: int) -> None:
    """Ranges may be cut anywhere and added in any order: the bytes are the same."""
    whole = people(numbers)
    parts = [people(numbers[:cut]), people(numbers[cut:])]
    assert encode(added(parts)) == encode(added(reversed(parts))) == encode(whole) == encode(added([whole]))


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), min_size=1))
def test_shown__cells__cannot_be_reckoned_from_their_sum(cells: dict[str, int]) -> None:
    """What is hidden comes to five at least, unless all is, and one of them may be large: two are not one each."""
    told = shown(cells)
    hidden = [name for name, count in told.items() if count is None]
    assert not hidden or len(hidden) == len(cells) or max(cells[name] for name in hidden) >= 5


def test_shown__cell_that_tells_by_its_rest__is_hidden() -> None:
    """Nineteen of twenty say of one person that they are not among them."""
    assert shown({"a": 19, "b": 9, "c": 0, "d": 12}, ["a"]) == {"a": None, "b": None, "c": 0, "d": 12}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12)))
def test_shown__cells__hide_what_is_below_five_and_never_one_alone(cells: dict[str, int]) -> None:
    """What is hidden of a whole is at least two cells, unless there is no other to hide."""
    told = shown(cells)
    hidden = [name for name, count in told.items() if count is None]
    assert all(count is None or count == cells[name] for name, count in told.items())
    assert {name for name, count in cells.items() if 0 < count < 5} <= set(hidden)
    assert len(hidden) != 1 or not [name for name, count in cells.items() if count >= 5]


def test_groups__of_a_person__are_from_known_lists() -> None:
    """A free text never becomes a group: it may name somebody, and groups must be few."""
    known = groups_of(someone(0), {"repeat_buyer", "vip"})
    assert known == {
        "region": "浙江",
        "member_level": "gold",
        "age_band": "unknown",
        "segment": "vip",
        "channel": known["channel"],
    }
    assert set(known) == set(GROUPINGS)
    strange = someone(2)
    assert region_of(strange) == "other"
    country = Trait("US", NOW, 1, b"e", "s")
    assert region_of(replace(strange, traits={**strange.traits, "country": country})) == "US"
    assert region_of(replace(strange, traits={})) == "unknown"
    assert segment_of(set()) == "other"


def test_segments__of_the_list__are_tags_that_ship() -> None:
    """Each segment is a tag with a name in both languages, so that it can be shown."""
    assert set(SEGMENTS) <= CATALOGUE.rules.keys() and len(set(SEGMENTS)) == len(SEGMENTS)


def test_bins__hold_their_edges() -> None:
    """Confidence 1 is in the last bin, and a measure's bins begin where they say."""
    counts = people([5])
    assert all(len(bins) == CONFIDENCE_BINS for bins in counts.confidence.values())
    assert counts.measures["contacts"][BIN_STARTS.index(5)] == 1
    assert counts.people == 1 and no_counts().people == 0


def test_history__of_results__is_bounded_and_has_each_day_once() -> None:
    """A day that is counted again replaces itself; what is older than the history goes."""
    result = None
    for day in [*range(1, HISTORY_DAYS + 20), HISTORY_DAYS + 19]:
        result = result_of(people([1, 2]), day, NOW, 0, result)
    assert result is not None
    days = [day for day, _ in result.sizes[CROWD]]
    assert days == list(range(19, HISTORY_DAYS + 20))
    gone = result_of(no_counts(), HISTORY_DAYS + 20, NOW, 0, result)
    assert gone.tagged[next(iter(result.tagged))][-1] == (HISTORY_DAYS + 20, 0)
    assert earlier(result.sizes[CROWD], HISTORY_DAYS + 19, least=7, most=30) == 2
    assert earlier([(10, 5)], 12, least=7, most=30) is None


def test_run__of_a_new_day_or_by_hand__is_a_new_one() -> None:
    """A run goes on through its day, and its ranges are named after it alone."""
    first = next_run(None, 10, 1, again=False)
    assert next_run(first, 10, 2, again=False) is first
    again, tomorrow = next_run(first, 10, 2, again=True), next_run(first, 11, 3, again=False)
    assert len({one.name_of(0) for one in (first, again, tomorrow)}) == 3

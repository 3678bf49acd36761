"""Learning segments: steady whatever the order of people, named by meaning, and held when too much would change."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from chalicelib.segments.assign import placed
from chalicelib.segments.features import features
from chalicelib.training.segments.columns import columns_of, ready
from chalicelib.training.segments.contest import Entry, decided, points, refused
from chalicelib.training.segments.fits import ALGORITHMS, Limits
from chalicelib.training.segments.learn import learn_segments
from chalicelib.training.segments.model import HELD, ContestRow, TooFewPeopleError
from chalicelib.training.segments.names import by_meaning, by_people, contradicts, steadiness
from tests.unit.segments.models import column, customers, model, stages

LIMITS = Limits(contest_rows=400, resamples=1, starts=1, silhouette_rows=200)


def crowd(seed: int, *, without: str = "", people: int = 300) -> tuple[list[tuple[float | None, ...]], list[str]]:
    """People of the five kinds whose features stand out by the declared signs, with some values missing."""
    rng, rows, truth = np.random.default_rng(seed), [], []
    kinds = [kind for kind in customers().kinds if kind.id != without]
    for place in range(people):
        kind = kinds[place % len(kinds)]
        means = [2.0 * np.exp(0.9 * kind.signs.get(one.id, 0.0)) for one in features()]
        row = [
            None if one.missing == "typical" and rng.random() < 0.1 else float(rng.poisson(mean))
            for one, mean in zip(features(), means, strict=True)
        ]
        rows.append(tuple(row))
        truth.append(kind.id)
    return rows, truth


@pytest.fixture(scope="module")
def learned():
    rows, truth = crowd(1)
    return rows, truth, learn_segments(rows, customers(), None, 7, LIMITS)


def test_learned__people_of_known_kinds__are_called_what_they_are(learned) -> None:
    """Names follow the meaning of groups, and nearly everybody is in theirs."""
    rows, truth, outcome = learned
    said = [placed(customers(), outcome.model, row) for row in rows]
    right = np.mean([one is not None and one.segment == true for one, true in zip(said, truth, strict=True)])
    assert right > 0.95
    assert outcome.held == "" and sum(outcome.shares.values()) == pytest.approx(1)
    assert set(outcome.agreements) == {kind.id for kind in customers().kinds}


def test_learned__the_whole_contest__is_kept_with_one_winner(learned) -> None:
    """Every algorithm has its row, the winner is marked, and the model says who it was."""
    contest = learned[2].contest
    assert [row.algorithm for row in contest] == list(ALGORITHMS)
    assert [row.algorithm for row in contest if row.won] == [learned[2].model.algorithm]


def test_learned__people_in_another_order__gives_the_same_to_the_last_bit(learned) -> None:
    """Neither the order of people nor the day of the run matters: the same people and seed, the same outcome."""
    rows, _, outcome = learned
    shuffled = [rows[at] for at in np.random.default_rng(3).permutation(len(rows))]
    assert learn_segments(shuffled, customers(), None, 7, LIMITS) == outcome


def test_learned_again__of_the_same_people__keeps_the_names_of_the_run_before(learned) -> None:
    """Names are given on by people even where the model before calls groups otherwise, and the version counts on."""
    rows, _, outcome = learned
    again = learn_segments(rows, customers(), outcome.model, 8, LIMITS)
    assert again.steadiness is not None and again.steadiness.kept > 0.99 and again.held == ""
    assert again.model.version == outcome.model.version + 1
    swapped = msgspec.structs.replace(outcome.model, segments=outcome.model.segments[::-1])
    contradicted = learn_segments(rows, customers(), swapped, 8, LIMITS)
    assert contradicted.held == "meaning_changed" and contradicted.steadiness.kept > 0.99
    assert contradicted.held in HELD


def test_learned_again__where_too_many_would_be_renamed__is_held(learned) -> None:
    """A model before that told other kinds cannot give its names on: everybody would be renamed, so a person looks."""
    rows, _, outcome = learned
    other = model(outcome.model.columns, [list(one) for one in outcome.model.centroids[:2]], ["value", "ordinary"])
    assert learn_segments(rows, customers(), other, 8, LIMITS).held == "renamed"


def test_learned__without_a_kind__is_held(learned) -> None:
    """When a kind vanished, what takes its name lies where the model before says something else: a person looks,
    also where any number of people may be renamed.
    """
    rows, _ = crowd(2, without="guided")
    assert learn_segments(rows, customers(), learned[2].model, 8, LIMITS).held == "renamed"
    lenient = msgspec.structs.replace(customers(), most_renamed=1.0)
    assert learn_segments(rows, lenient, learned[2].model, 8, LIMITS).held == "meaning_changed"


def test_learn__of_too_few_or_of_one_kind_of_row__is_refused() -> None:
    """Nothing is learned of a handful of people, nor of people who are all the same."""
    rows, _ = crowd(1)
    with pytest.raises(TooFewPeopleError):
        learn_segments(rows[:99], customers(), None, 1, LIMITS)
    with pytest.raises(TooFewPeopleError):
        learn_segments([rows[0]] * 200, customers(), None, 1, LIMITS)
    with pytest.raises(ValueError, match="by rules"):
        learn_segments(rows, stages(), None, 1, LIMITS)


def test_columns__missing_rare_and_extreme__are_filled_bounded_and_scaled() -> None:
    """What is missing is the median, one who is far out is at the bound, and a column that says nothing is flat."""
    seen = np.array([[float(at % 10), np.nan if at % 2 else 4.0] for at in range(1_000)])
    seen[0, 0] = 1e6
    satisfaction = columns_of(seen, ["contacts_90d", "satisfaction"])
    assert satisfaction[0].high < 20
    assert (satisfaction[1].fill, satisfaction[1].scale) == (4.0, 1.0)
    views = ready(satisfaction, seen)
    assert np.isfinite(views).all() and abs(views[:, 0].mean()) < 1e-9 and views[:, 0].std() == pytest.approx(1)


def row(algorithm: str, **but: object) -> ContestRow:
    one = ContestRow(algorithm, 5, 0.3, 1.0, 0.9, 0.1, 0.9, 0.8, 0.99, 0.7, (), False)
    return msgspec.structs.replace(one, **but)


def test_rule__between_nearly_equals__takes_k_means() -> None:
    """Within 0.02 of the most points the first of the list wins; beyond, the most points; whoever fails a gate, never."""
    none = np.zeros((0, 0))
    k_means = Entry(row("k_means"), none)
    near, better = Entry(row("birch", points=0.715), none), Entry(row("birch", points=0.75), none)
    barred = Entry(row("birch", points=0.9, refused=("stability",)), none)
    assert decided([k_means, near]) is k_means
    assert decided([k_means, better]) is better
    assert decided([k_means, barred]) is k_means
    assert decided([Entry(row("k_means", refused=("groups",)), none), barred]).row.algorithm == "k_means"


def test_rule__points__are_the_weighted_sum() -> None:
    """By the written weights: agreement 0.3, stability and silhouette 0.2 each, the rest 0.1."""
    assert points(row("k_means")) == pytest.approx(
        0.3 * 0.8 + 0.2 * 0.9 + 0.2 * 0.3 + 0.1 * 0.5 + 0.1 * 0.9 + 0.1 * 0.99
    )


@pytest.mark.parametrize(
    ("gate", "but", "worst"),
    [
        ("groups", {"groups": 4}, 0.5),
        ("least_share", {"least_share": 0.01}, 0.5),
        ("stability", {"stability": 0.3}, 0.5),
        ("fidelity", {"fidelity": 0.5}, 0.5),
        ("agreement", {}, -0.1),
    ],
)
def test_rule__each_gate__refuses_by_its_name(gate, but, worst) -> None:
    """One gate at a time; without any of these nothing is refused."""
    assert refused(customers(), 5, row("k_means", **but), worst) == (gate,)
    assert refused(customers(), 5, row("k_means"), 0.5) == ()


def test_names__by_meaning__go_by_all_groups_together() -> None:
    """The best for all is taken, not the best for the first: hand-made agreements of two groups and five kinds."""
    fits = np.array([[0.9, 0.8, 0, 0, 0], [0.9, 0.1, 0, 0, 0]])
    assert by_meaning(customers(), fits) == ("value", "business_sensitive")
    assert contradicts(customers(), fits, ("business_sensitive", "value"))
    assert not contradicts(customers(), fits, ("value", "business_sensitive"))


def test_names__by_people__follow_where_most_of_each_former_group_went() -> None:
    """A small group keeps its name though a part of a large one is with it; other kinds have no names to give on."""
    before = model((column("channels"),), [[0.0], [1.0]], ["value", "ordinary"])
    then = np.array([0] * 10 + [1] * 100)
    now = np.array([1] * 10 + [1] * 40 + [0] * 60)
    assert by_people(customers(), before, then, now, 2) == ("ordinary", "value")
    assert by_people(customers(), before, then, now, 3) is None
    gone = msgspec.structs.replace(before, segments=("gone", "ordinary"))
    assert by_people(customers(), gone, then, now, 2) is None


def test_steadiness__of_people_who_keep_their_name__is_their_share() -> None:
    """Names count, not numbers of groups."""
    then, now = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1])
    told = steadiness(["a", "b"], ["b", "a"], then, now)
    assert (told.kept, told.people) == (0.75, 4)

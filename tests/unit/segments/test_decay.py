"""A score that gets less right is told from one that does not, and from one that is asked about other people."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random

import pytest
from msgspec.structs import replace

from chalicelib.segments.accuracy import of_amounts, of_shares
from chalicelib.segments.decay import (
    LEAST_OUTCOMES,
    LEAST_PEOPLE,
    Before,
    Decay,
    concordance,
    decay_of_amount,
    decay_of_share,
    tenths,
)

type Said = tuple[list[float], list[bool]]
type Amounts = tuple[list[float], list[float]]


def outcomes(many: int, seed: int, noise: float = 0.0, by: float = 1.0) -> Said:
    """A calibrated score and what followed; with noise it knows less, and ``by`` makes outcomes rarer than it says."""
    dice = Random(seed)
    truth = [dice.betavariate(1, 3) for _ in range(many)]
    followed = [dice.random() < one * by for one in truth]
    return [dice.betavariate(1, 3) if dice.random() < noise else one for one in truth], followed


def before(said: Sequence[float], followed: Sequence[bool]) -> Before:
    """What a version keeps of people as these."""
    found = of_shares(said, followed)
    return Before(len(said), {"auc": found.auc, "ece": found.ece}, tenths(said, followed))


def before_amounts(said: Sequence[float], came: Sequence[float]) -> Before:
    root = sqrt(sum((one - other) ** 2 for one, other in zip(said, came, strict=True)) / len(said))
    return Before(len(said), {"mae": of_amounts(said, came).mae, "rmse": root}, tenths(said, came))


def verdicts(found: Sequence[Decay]) -> dict[str, str]:
    return {one.measure: one.verdict for one in found}


@pytest.mark.parametrize("many", [LEAST_PEOPLE, 1_000, 5_000])
def test_decay__a_score_as_right_as_it_was__is_ok_in_sixty_draws(many: int) -> None:
    """Negative control: of two samples of one world neither is less right, however few people either has."""
    for seed in range(1, 61):
        found = decay_of_share("churn", before(*outcomes(many, -seed)), *outcomes(many, seed))
        assert all(one.verdict == "ok" for one in found), found


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__half_of_it_noise__alarms(seed: int) -> None:
    """A score that tells people apart less well alarms by its AUC."""
    found = decay_of_share("churn", before(*outcomes(3_000, 0)), *outcomes(3_000, seed, noise=0.5))
    auc = next(one for one in found if one.measure == "auc")
    assert auc.verdict == "alarm" and auc.now < auc.trained and auc.worse > 0.05


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__outcomes_half_as_frequent__is_seen_by_calibration(seed: int) -> None:
    """A score that orders people as well as before, and says twice what comes true, is found by its calibration error."""
    found = decay_of_share("churn", before(*outcomes(3_000, 0)), *outcomes(3_000, seed, by=0.5))
    assert verdicts(found)["ece"] == "alarm"


def test_decay__of_people_who_are_more_alike__is_none_of_the_score() -> None:
    """Who differs less is told apart less by the truth itself; the area falls by far more than alarms, and nothing is said."""
    learned, found = before(*outcomes(4_000, 0)), []
    for seed in range(1, 31):
        dice = Random(seed)
        truth = [dice.uniform(0.2, 0.3) for _ in range(2_000)]
        said = decay_of_share("churn", learned, truth, [dice.random() < one for one in truth])
        assert said[0].trained - said[0].now > 0.1
        found += [one for one in said if one.verdict != "ok"]
    assert found == []


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_decay__of_people_who_are_all_the_same__is_none(share: float) -> None:
    """A degenerate world: everybody has the same answer, which is true. Nobody can be told apart, and nothing is wrong."""
    learned = before(*outcomes(2_000, 0))
    for seed in range(1, 31):
        dice = Random(seed)
        followed = [dice.random() < share for _ in range(1_000)]
        assert set(verdicts(decay_of_share("churn", learned, [share] * 1_000, followed)).values()) <= {"ok"}


def test_decay__an_answer_that_was_never_wrong__may_be_wrong_of_a_few() -> None:
    """A validation without an error says that errors are rare, not that there are none: one or two more are chance."""
    sure = [0.0] * 300 + [1.0] * 60
    perfect = before(sure, [one > 0.5 for one in sure])
    followed = [one > 0.5 for one in sure]
    followed[0] = followed[1] = True
    followed[-1] = False
    assert set(verdicts(decay_of_share("repurchase", perfect, sure, followed)).values()) == {"ok"}
    backwards = [one < 0.5 for one in sure]
    assert set(verdicts(decay_of_share("repurchase", perfect, sure, backwards)).values()) == {"alarm"}


def test_decay__figures_over_several_cutoffs__are_compared_with_none() -> None:
    """They are of other people: half of them as of a time of which nothing is known now."""
    learned, now = before(*outcomes(3_000, 0)), outcomes(3_000, 1, noise=1.0)
    assert "alarm" in verdicts(decay_of_share("churn", learned, *now)).values()
    assert decay_of_share("churn", replace(learned, cutoffs=2), *now) == ()
    amounts, worse = before_amounts(*drawn(0, 10)), drawn(1, 20)
    assert len(decay_of_amount("value", amounts, *worse)) == 1
    assert decay_of_amount("value", replace(amounts, cutoffs=2), *worse) == ()


def test_decay__too_few_people_or_outcomes_on_either_side__says_nothing() -> None:
    """Below the least numbers of people, or of those with the outcome, then or now, nothing is said."""
    learned, (said, followed) = before(*outcomes(1_000, 0)), outcomes(1_000, 1)
    assert decay_of_share("churn", learned, said[: LEAST_PEOPLE - 1], followed[: LEAST_PEOPLE - 1]) == ()
    rare = [place < LEAST_OUTCOMES - 1 for place in range(1_000)]
    assert decay_of_share("churn", learned, said, rare) == ()
    assert decay_of_share("churn", before(said, rare), said, followed) == ()
    assert decay_of_share("churn", replace(learned, curve=()), said, followed) == ()
    assert decay_of_amount("value", Before(1_000, {}), said, said) == ()


def drawn(seed: int, spread: float, by: float = 1.0) -> Amounts:
    """Amounts that are said and that came, apart by so much."""
    dice = Random(seed)
    said = [by * dice.lognormvariate(3, 1) for _ in range(2_000)]
    return said, [one + by * dice.gauss(0, spread) for one in said]


@pytest.mark.parametrize("seed", range(1, 6))
def test_decay__amounts__by_their_mean_error(seed: int) -> None:
    """A mean error half as much again alarms; one of the same spread does not, nor that of people who spend three times as much."""
    learned = before_amounts(*drawn(0, 10))
    (same,) = decay_of_amount("value", learned, *drawn(seed, 10))
    (worse,) = decay_of_amount("value", learned, *drawn(seed, 15))
    (richer,) = decay_of_amount("value", learned, *drawn(seed, 10, by=3.0))
    assert (same.verdict, worse.verdict, richer.verdict) == ("ok", "alarm", "ok")
    assert richer.now > 2.5 * richer.trained


def spenders(seed: int) -> Amounts:
    """Few buy, and of these few spend by far the most: a mean error is one of a handful of people."""
    dice = Random(seed)
    came = [dice.paretovariate(1.6) * 50 if dice.random() < 0.2 else 0.0 for _ in range(1_000)]
    return [20.0 + 5 * dice.random() for _ in came], came


def test_decay__errors_that_a_few_people_make_up__are_no_news() -> None:
    """Heavy tails, in sixty draws: whoever spends most of all this quarter does not make the score wrong."""
    found = [decay_of_amount("value", before_amounts(*spenders(-seed)), *spenders(seed)) for seed in range(1, 61)]
    assert [one for said in found for one in said if one.verdict == "alarm"] == []


def test_concordance__of_answers_that_are_true__is_the_area_that_comes() -> None:
    """By tenths it is a little less; of answers that are all the same, of none, and of certain ones it is a coin's."""
    said, followed = outcomes(20_000, 3)
    implied, came = concordance(tenths(said, followed)), of_shares(said, followed).auc
    assert came is not None and came - 0.01 < implied <= came + 0.01
    assert all(concordance(tenths([one] * 50, [True] * 50)) == pytest.approx(0.5) for one in (0.0, 0.3, 1.0))
    assert concordance(()) == 0.5

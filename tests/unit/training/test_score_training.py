"""Learning a score: what is learned, from whom, judged on whom, and what may not go live."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from chalicelib.segments.features import features
from chalicelib.segments.score import score
from chalicelib.segments.score_model import Calibration, ScoreModel
from chalicelib.segments.score_specs import ScoreSpec, score_specs
from chalicelib.training.scores import contest as contesting
from chalicelib.training.scores.calibrate import isotonic
from chalicelib.training.scores.confidence import learned_known
from chalicelib.training.scores.learn import ScoreLearned, learn_score
from chalicelib.training.scores.metrics import calibration_error, curve
from chalicelib.training.scores.recipes import recipes

SPECS = score_specs()
PEOPLE = 900
PLACES = {one.id: place for place, one in enumerate(features())}
FEW = ("tenure_days", "contacts_30d", "orders_90d", "satisfaction")

type Rows = list[tuple[float | None, ...]]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two of each kind's recipes, and one thread: what is tried here holds for any of them."""
    monkeypatch.setattr(contesting, "recipes", lambda kind: recipes(kind)[:2])
    with threadpool_limits(1):
        yield


def spec_of(score_id: str) -> ScoreSpec:
    return msgspec.structs.replace(SPECS[score_id], features=FEW, least_people=100, least_outcomes=20)


def drawn_rows(seed: int, people: int = PEOPLE) -> tuple[Rows, np.ndarray]:
    """People with four features, and what pulls them to the outcome."""
    drawn = np.random.default_rng(seed)
    rows: Rows = []
    pulls = np.zeros(people)
    for place in range(people):
        row: list[float | None] = [0.0] * len(PLACES)
        tenure, contacts, orders = drawn.exponential(200), drawn.poisson(1.5), drawn.poisson(2)
        row[PLACES["tenure_days"]], row[PLACES["contacts_30d"]] = float(int(tenure)), float(contacts)
        row[PLACES["orders_90d"]] = float(orders)
        row[PLACES["satisfaction"]] = None if drawn.random() < 0.3 else float(drawn.integers(1, 6))
        rows.append(tuple(row))
        pulls[place] = contacts - orders
    return rows, pulls


def happened(pulls: np.ndarray, seed: int) -> list[float | None]:
    truth = np.random.default_rng(seed + 1).random(len(pulls)) < 1 / (1 + np.exp(-pulls))
    return [float(one) for one in truth]


def learned(seed: int = 1, before: ScoreModel | None = None, cutoffs: int = 1) -> ScoreLearned:
    rows, pulls = drawn_rows(seed)
    times = [1_000 * (place % cutoffs) for place in range(PEOPLE)]
    return learn_score(rows, happened(pulls, seed), times, spec_of("complaint"), before, seed)


def test_learn__known_truth__is_found_and_calibrated() -> None:
    """What pulls people is what the model says pulls them, and its probabilities are those that come true."""
    found = learned()
    assert found.model is not None and found.validation is not None and found.held == ""
    assert set(list(found.importances)[:2]) == {"contacts_30d", "orders_90d"}
    assert found.validation.by == "folds"
    assert found.validation.figures["auc"] > 0.8
    rows, pulls = drawn_rows(2, 3_000)
    said = np.array([score(found.model, row).value for row in rows])
    assert calibration_error(curve(said, 1 / (1 + np.exp(-pulls)))) < 0.05
    assert [one.wins for one in found.contest].count(True) == 1


def test_learn__same_again__is_the_same_model() -> None:
    """The same people and seed make the same model to the byte."""
    assert msgspec.json.encode(learned().model) == msgspec.json.encode(learned().model)


def test_learn__several_cutoffs__is_judged_on_the_latest_and_learned_of_all() -> None:
    """The figures are of people later than all that were learned from; the model that is served knows them, too."""
    found = learned(cutoffs=3)
    assert found.model is not None and found.validation is not None
    assert (found.validation.by, found.validation.people) == ("time", PEOPLE // 3)
    assert found.model.people == PEOPLE
    assert found.model.trained_at == 2_000


def test_learn__later_people_are_otherwise__shows_in_the_validation() -> None:
    """Time is not shuffled: where the latest people do the contrary, the figures say so."""
    rows, pulls = drawn_rows(3)
    times = [place % 2 for place in range(PEOPLE)]
    turned = np.where(np.array(times) == 1, -pulls, pulls)
    found = learn_score(rows, happened(turned, 3), times, spec_of("complaint"), None, 3)
    assert found.validation is not None
    assert found.validation.figures["auc"] < 0.3


def test_learn__worse_than_the_model_in_force__is_held() -> None:
    """A model learned of nonsense does not replace a good one; a good one replaces that of nonsense."""
    good = learned().model
    assert good is not None
    rows, pulls = drawn_rows(4)
    times = [place % 2 for place in range(PEOPLE)]
    shuffled = np.where(np.array(times) == 0, np.random.default_rng(0).permutation(pulls), pulls)
    found = learn_score(rows, happened(shuffled, 4), times, spec_of("complaint"), good, 4)
    assert found.held == "worse"
    assert found.validation is not None
    assert found.validation.before["log_loss"] < found.validation.figures["log_loss"]
    assert found.model is not None and found.model.version == good.version + 1
    assert learned(before=found.model).held == ""


def test_learn__a_model_of_other_features__is_not_compared() -> None:
    """What read other numbers cannot be asked about these."""
    old = learned().model
    assert old is not None
    found = learned(before=msgspec.structs.replace(old, features_version=0, calibration=Calibration("platt", 99.0)))
    assert found.validation is not None and found.validation.before == {}


@pytest.mark.parametrize(
    ("people", "share", "reason"),
    [(50, 0.5, "too_few_people"), (300, 0.01, "too_few_outcomes"), (300, 1.0, "too_few_outcomes")],
)
def test_learn__too_few__learns_nothing_and_says_why(people: int, share: float, reason: str) -> None:
    """Of too few people, or where nearly nobody or everybody had the outcome, nothing is learned."""
    rows, _ = drawn_rows(1, people)
    outcomes: list[float | None] = [float(place < share * people) for place in range(people)]
    found = learn_score(rows, outcomes, [0] * people, spec_of("complaint"), None, 1)
    assert (found.model, found.held) == (None, reason)


def test_learn__people_without_outcome__are_left_out() -> None:
    """Of whom nothing is known to have followed nothing is learned."""
    rows, pulls = drawn_rows(1)
    outcomes = [None if place % 3 == 0 else one for place, one in enumerate(happened(pulls, 1))]
    found = learn_score(rows, outcomes, [0] * PEOPLE, spec_of("complaint"), None, 1)
    assert found.model is not None and found.model.people == PEOPLE * 2 // 3


def test_learn__amounts__come_to_the_right_total() -> None:
    """Spend is learned in a bent scale and said in its own: what is foreseen of all adds up to what came."""
    rows, pulls = drawn_rows(6)
    spent = [float(one) for one in np.random.default_rng(6).gamma(1.0, np.exp(1 - pulls / 3))]
    found = learn_score(rows, spent, [0] * PEOPLE, spec_of("value"), None, 1)
    assert found.model is not None and found.validation is not None
    assert abs(found.validation.figures["total"]) < 0.05
    assert found.validation.figures["spearman"] > 0.4
    assert found.model.calibration.kind == "isotonic"


def test_learn__topics__names_those_that_enough_people_had() -> None:
    """A score of topics tells the likeliest; one that hardly anybody had is not told."""
    rows, pulls = drawn_rows(7)
    spec = spec_of("next_intent")
    topics = [spec.labels.index("fault" if pull > 0 else "logistics") + 0.0 for pull in pulls]
    topics[0] = float(spec.labels.index("porting"))
    found = learn_score(rows, list(topics), [0] * PEOPLE, spec, None, 1)
    assert found.model is not None and found.model.labels == ("logistics", "fault")
    assert found.validation is not None and found.validation.figures["right"] > 0.9
    assert score(found.model, rows[int(np.argmax(pulls))]).label == "fault"
    assert score(found.model, rows[int(np.argmin(pulls))]).label == "logistics"


def test_confidence__of_little_known_people__is_lower_where_they_are_told_wrong() -> None:
    """Where what is said of new people does not come true, new people are scored with little confidence."""
    drawn = np.random.default_rng(8)
    amounts, said = drawn.uniform(1, 12, 6_000), drawn.random(6_000)
    came = np.where(amounts < 4, drawn.random(6_000) < 0.5, drawn.random(6_000) < said).astype(float)
    known = learned_known(0, amounts, said, came)
    assert list(known.confidences) == sorted(known.confidences)
    assert (known.amounts[0], known.confidences[0]) == (0.0, 0.0)
    assert known.confidences[1] < 0.2
    assert known.confidences[-1] > 0.8


def test_isotonic__few_with_much__are_not_averaged_with_the_rest() -> None:
    """The few with the greatest margins have points of their own: their spend is not everybody's."""
    margins = np.sort(np.random.default_rng(9).normal(size=(6_000, 1)), axis=0)
    found = isotonic(margins, np.exp(2 * margins[:, 0]))
    assert found.values[-1] > 0.5 * float(np.exp(2 * margins[-100:, 0]).mean())
    assert all(later - earlier > 0 for earlier, later in zip(found.margins[:-1], found.margins[1:], strict=True))

"""Purchases of a music shop's customers: who buys again after 1997-09-30, and for how much (``cdnow``).

Everything that may be learned from ended on the split's day; what followed is for judging alone. The product's own path
is taken: purchases are folded into profiles, the scores ``repurchase`` and ``value`` learn from profiles as of earlier
cutoffs and what followed those, and the features of the split's day come from profiles folded up to it.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from chalicelib.kernel.moments import DAY_MS, Millis, day_of, parse_moment
from chalicelib.profiles.fold import fold
from chalicelib.profiles.join import body_of, join
from chalicelib.profiles.measures import load_measures
from chalicelib.profiles.model import Contribution, Delta, Profile
from chalicelib.segments.as_of import Pasts, windows
from chalicelib.segments.features import raw_vector
from chalicelib.segments.outcomes import outcome
from chalicelib.segments.score import score
from chalicelib.segments.score_model import ScoreModel
from chalicelib.segments.score_specs import score_specs
from chalicelib.training.scores.learn import Row, ScoreLearned, learn_score
from infra.matches.material import FOLDER
from infra.score_models.buying import Bought

FILE = FOLDER / "cdnow" / "CDNOW_master.lifetimes.txt.gz"
SPLIT = parse_moment("1997-10-01T00:00:00Z")
"""The first instant after 1997-09-30."""
NEXT_DAYS, REST_DAYS = 90, 273
"""The horizon of the scores, and all that the file has after the split (39 weeks)."""
EARLIER = 1
SEED = 7
_CENT = 10_000


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """One line of the file; ``micros`` are millionths of a dollar."""

    at: Millis
    micros: int


class Shop(msgspec.Struct, frozen=True):
    """Customers' purchases, each by time."""

    customers: Mapping[str, Sequence[Purchase]]

    def until(self, split: Millis) -> Mapping[str, Sequence[Purchase]]:
        """What was known at an instant, of those who had bought by then."""
        known = {name: [one for one in bought if one.at < split] for name, bought in self.customers.items()}
        return {name: bought for name, bought in known.items() if bought}


def shop() -> Shop:
    """The file."""
    found: dict[str, list[Purchase]] = defaultdict(list)
    with gzip.open(FILE, "rt") as lines:
        for line in lines:
            name, day, *_, dollars = [*line.split(), "", ""][:4]
            if not name.isdigit():
                continue
            at = parse_moment(f"{day[:4]}-{day[4:6]}-{day[6:]}T12:00:00Z")
            found[name].append(Purchase(at, round(float(dollars) * 100) * _CENT))
    return Shop({name: sorted(bought, key=lambda one: one.at) for name, bought in found.items()})


def profile_of(name: str, bought: Sequence[Purchase]) -> Profile:
    """A customer's profile, by the product's own fold."""
    anchor = f"user_id:{name}"
    contributions = (
        Contribution(
            event_key=place.to_bytes(4),
            type="order.paid",
            at=one.at,
            source="cdnow",
            source_rank=0,
            channel="shop",
            facet=anchor,
            identifiers={anchor: name},
            traits={},
            deltas=(Delta("orders_paid", one.micros),),
        )
        for place, one in enumerate(bought)
    )
    facet = fold(None, contributions)
    assert facet is not None
    return join(name, 1, "active", 1, body_of({anchor: facet}))


class Split(msgspec.Struct, frozen=True):
    """What the scores learned up to the split, the features of that day, and what followed."""

    learned: Mapping[str, ScoreLearned]
    names: Sequence[str]
    rows: Sequence[Row]
    followed: Mapping[int, tuple[np.ndarray, np.ndarray]]
    """Days after the split → whether each bought, and for how much."""

    def said(self, which: str) -> np.ndarray:
        """What a score says of each customer on the split's day."""
        model = self.model(which)
        return np.array([score(model, row).value for row in self.rows])

    def model(self, which: str) -> ScoreModel:
        """The model of a score."""
        model = self.learned[which].model
        assert model is not None
        return model


def split_of(given: Shop, tell: Callable[[str], None]) -> Split:
    """Learn up to the split, and look at what followed."""
    measures = load_measures()
    known = given.until(SPLIT)
    profiles = [profile_of(name, bought) for name, bought in known.items()]
    tell(f"{len(profiles):,} profiles folded up to the split")
    learned = {}
    for which in ("repurchase", "value"):
        spec = score_specs()[which]
        rows: list[Row] = []
        outcomes: list[float | None] = []
        times: list[Millis] = []
        for window in windows(SPLIT, spec.horizon_days, EARLIER):
            for profile in profiles:
                person = Pasts(profile, SPLIT)
                past = person.as_of(window)
                if past is not None:
                    rows.append(raw_vector(past, window.now, measures))
                    outcomes.append(outcome(spec, person, window))
                    times.append(window.cutoff)
        learned[which] = learn_score(rows, outcomes, times, spec, None, SEED)
        tell(f"{which}: learned of {len(rows):,} pasts of people")
    rows = [raw_vector(one, SPLIT - 1, measures) for one in profiles]
    names = list(known)
    return Split(learned, names, rows, {days: _followed(given, names, days) for days in (NEXT_DAYS, REST_DAYS)})


def _followed(given: Shop, names: Sequence[str], days: int) -> tuple[np.ndarray, np.ndarray]:
    end = SPLIT + days * DAY_MS
    spent = np.array(
        [sum(one.micros for one in given.customers[name] if SPLIT <= one.at < end) / 1e6 for name in names]
    )
    bought = [any(SPLIT <= one.at < end for one in given.customers[name]) for name in names]
    return np.array(bought, dtype=float), spent


def bought_by(given: Shop, names: Sequence[str], split: Millis) -> Bought:
    """Customers as of an instant, as the yardsticks see them: by days, purchases of one day as one."""
    repeats, last, age, mean = [], [], [], []
    for name in names:
        days: dict[int, int] = defaultdict(int)
        for one in given.customers[name]:
            if one.at < split:
                days[day_of(one.at)] += one.micros
        listed = sorted(days)
        again = [days[day] / 1e6 for day in listed[1:]]
        repeats.append(len(again))
        last.append(listed[-1] - listed[0])
        age.append(day_of(split) - 1 - listed[0])
        mean.append(sum(again) / len(again) if again else 0.0)
    return Bought(*(np.array(one, dtype=float) for one in (repeats, last, age, mean)))

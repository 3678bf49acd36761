"""What a route does beside reading a person: a message read by the intent model, and a desk of agents scored."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.desk.model import Agent, Need, Seat, Track
from chalicelib.desk.score import best
from chalicelib.kernel.moments import HOUR_MS
from chalicelib.routing.intent_model import shipped_model
from chalicelib.routing.policy import shipped_policy
from tests.bench.measure import Row, in_turns
from tests.bench.words import MESSAGE

NOW = 1_790_000_000_000
AGENTS = 60
MOST_INTENT_MS, MOST_SCORE_MS = 1.0, 1.0
ENGLISH = (
    "Hello, I ordered a down jacket last week and the parcel is shown as delivered, but I never got it. Nobody answers "
    "me. Please send my money back, or I will have to complain about you. Thanks."
)[:200]


def rows() -> Iterator[Row]:
    """The rows of the intent model and of the score."""
    yield _intents("Chinese", MESSAGE)
    yield _intents("English", ENGLISH)
    yield _scores()


def _intents(language: str, message: str) -> Row:
    model = shipped_model()

    def guessed() -> object:
        return model.guess(message)

    assert model.scores(message)[1] > 0, "the model knows nothing of the message"
    taken = in_turns(guessed, lambda: None, rounds=25, calls=30).subject_ms
    what = f"the intent model on {len(message)} characters of {language}, ms"
    return Row(what, f"{taken:.3f} ms", "—", taken, MOST_INTENT_MS)


def _scores() -> Row:
    """All of them are there and could take it, and all have a record: nobody is left out early."""
    ids = [f"a_{number:02}" for number in range(AGENTS)]
    need = Need("payments", "payments", "wechat", 50, "refund", "zh", ids[7], "p_1")
    agents = [Agent(one, {"payments": 1 + place % 5}, 10, languages=("zh",)) for place, one in enumerate(ids)]
    seats = {
        one: Seat(one, "available", NOW + HOUR_MS, 10, 10, 0, NOW - place * 60_000) for place, one in enumerate(ids)
    }
    tracks = {one: {"refund": Track(30 + place, 20, 15, 60.0)} for place, one in enumerate(ids)}
    rules = shipped_policy().declared.desk

    def scored() -> object:
        return best(need, agents, seats, tracks, rules, NOW, "any")

    assert scored(), "nobody could take it"
    taken = in_turns(scored, lambda: None, rounds=25, calls=50).subject_ms
    return Row(f"the scores of {AGENTS} agents, ms", f"{taken:.3f} ms", "—", taken, MOST_SCORE_MS)

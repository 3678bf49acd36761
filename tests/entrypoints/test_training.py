"""Orders of training through the function: what works, what is no order, and a layer that answers wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans

from chalicelib.entrypoints import compose, queue_training
from chalicelib.entrypoints.textless import FunctionFailed
from tests.entrypoints.service import Invocation, unique

Logged = Callable[[], dict[str, Any]]


def deliver(body: str) -> Any:
    return queue_training.train_models({"Records": [{"messageId": "m1", "body": body}]}, Invocation())  # type: ignore[operator]


@pytest.fixture
def logged(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[[], dict[str, Any]]]:
    """The lines and metrics that the function wrote, as one."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", unique("function"))
    compose.journal.cache_clear()

    def read() -> dict[str, Any]:
        lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        return {name: value for line in lines for name, value in line.items()}

    yield read
    compose.journal.cache_clear()


def test_probe__of_the_libraries_here__works_and_says_which(logged: Logged) -> None:
    """The order is done; the log names the versions and the memory it took, and the metric counts it."""
    assert deliver('{"order": "probe"}') == {"batchItemFailures": []}
    told = logged()
    assert (told["message"], told["LayerProbes"]) == ("layer_works", 1)
    assert [one.rpartition("-")[0] for one in told["code"].split(":")] == ["scikit-learn", "scipy", "numpy"]
    assert told["size_bytes"] > 50_000_000


@pytest.mark.parametrize("body", ['{"order": "unheard_of"}', '{"order": 1}', "{}", "[]", "no JSON"])
def test_message__that_is_no_order__comes_again_until_it_is_a_dead_letter(body: str, logged: Logged) -> None:
    """Nobody works on it, and the message is told as failed."""
    assert deliver(body) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert logged()["code"] == "bad_message"


def test_probe__of_a_layer_that_answers_wrongly__fails(monkeypatch: pytest.MonkeyPatch, logged: Logged) -> None:
    """A layer that loads and finds other kinds than there are is broken; the message comes again."""
    monkeypatch.setattr(KMeans, "fit_predict", lambda _, rows: np.zeros(len(rows)))
    assert deliver('{"order": "probe"}') == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert logged()["code"] == "layer_broken"


def test_order__that_fails_as_nobody_expected__fails_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is missing is not taken for an order that was done."""

    def missing(_: str, __: Any) -> None:
        raise ImportError("nothing of this name")

    monkeypatch.setattr(queue_training, "ORDERS", {"probe": missing})
    with pytest.raises(FunctionFailed, match="ImportError"):
        deliver('{"order": "probe"}')

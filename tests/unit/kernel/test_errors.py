"""The error tree: stable codes, and refusals that tell nothing they should not."""

from __future__ import annotations

import re

import pytest

from chalicelib.kernel import errors

KINDS = [
    errors.BadInput,
    errors.TooLarge,
    errors.Forbidden,
    errors.NotFound,
    errors.Conflict,
    errors.Unavailable,
]
OTHERS = [errors.ManyMistakes, errors.NotAuthorised, errors.ServiceRefused, errors.TooOften]


@pytest.mark.parametrize("kind", KINDS)
def test_error__any__carries_its_fields(kind: type[errors.ZhiyinError]) -> None:
    """Code, sentence and path are fields; the text is the code and the sentence."""
    error = kind("some_code", "A sentence.", "a.path")
    assert (error.code, error.message, error.path) == ("some_code", "A sentence.", "a.path")
    assert str(error) == "some_code: A sentence."
    assert isinstance(error, errors.ZhiyinError)


def test_not_authorised__any_cause__alike() -> None:
    """Nobody can tell the cause of a refusal from the refusal."""
    assert str(errors.NotAuthorised()) == str(errors.NotAuthorised()) == "not_authorised: A valid credential is needed."
    with pytest.raises(TypeError):
        errors.NotAuthorised("expired")  # type: ignore[call-arg]


def test_tree__kinds__as_drawn() -> None:
    """A size limit is bad input; a service that is down is never «not found»."""
    assert issubclass(errors.TooLarge, errors.BadInput)
    assert not issubclass(errors.Unavailable, errors.NotFound)
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(kind.__name__ for kind in [*KINDS, *OTHERS])


def test_service_refused__cancelled_transaction__reasons_by_action() -> None:
    """A service's refusal carries its own code and the cause of each action."""
    error = errors.ServiceRefused("TransactionCanceledException", "No.", ("None", "ConditionalCheckFailed"))
    assert (error.code, error.reasons) == ("TransactionCanceledException", ("None", "ConditionalCheckFailed"))

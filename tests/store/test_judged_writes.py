"""Writing what models say of many people: several writes under way at once, and none is lost sight of."""

from __future__ import annotations

from threading import Barrier, BrokenBarrierError, Lock
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.kernel.errors import ServiceRefused, Unavailable
from chalicelib.store.judged import DynamoJudged
from tests.store import rows

PAIRS = [(row, replace(row, judged=b"said")) for row in (rows.profile("t_1", f"p_{number}") for number in range(64))]


def key_of(body: dict[str, Any]) -> str:
    return str(body["Key"]["pk"]["S"])


@pytest.mark.parametrize(("at_once", "is_met"), [(8, True), (1, False)], ids=["as_built", "one_after_the_other"])
def test_settle_all__has_several_under_way(monkeypatch: pytest.MonkeyPatch, at_once: int, *, is_met: bool) -> None:
    """Eight calls wait for each other: they meet where they are made at once, and nowhere else."""
    meeting = Barrier(8)

    def call(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        meeting.wait(10 if is_met else 0.05)
        return {}

    monkeypatch.setattr("chalicelib.store.judged._AT_ONCE", at_once)
    if is_met:
        DynamoJudged(call, "profiles").settle_all(PAIRS)
    else:
        with pytest.raises(BrokenBarrierError):
            DynamoJudged(call, "profiles").settle_all(PAIRS)


def test_settle_all__returns_when_all_are_written() -> None:
    """A checkpoint may follow: of each person there was one call, and who was saved meanwhile is passed over."""
    written, lock = list[str](), Lock()

    def call(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        if key_of(body).endswith("p_7"):
            raise ServiceRefused("ConditionalCheckFailedException", "It was saved since.")
        with lock:
            written.append(key_of(body))
        return {}

    DynamoJudged(call, "profiles").settle_all(PAIRS)
    assert sorted(written) == sorted(f"t_1#p#p_{number}" for number in range(64) if number != 7)
    DynamoJudged(call, "profiles").settle_all([])


def test_settle_all__where_one_write_fails__says_so_when_none_is_under_way() -> None:
    """The message comes again from the checkpoint before, and nothing of this one is still being written then."""
    under_way, lock = [0], Lock()

    def call(operation: str, body: dict[str, Any]) -> dict[str, Any]:
        with lock:
            under_way[0] += 1
        try:
            if key_of(body).endswith("p_20"):
                raise Unavailable("throttled", "The service dynamodb could not be used; try again.")
            return {}
        finally:
            with lock:
                under_way[0] -= 1

    with pytest.raises(Unavailable, match="dynamodb"):
        DynamoJudged(call, "profiles").settle_all(PAIRS)
    assert under_way == [0]

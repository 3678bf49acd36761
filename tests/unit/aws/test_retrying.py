import time

import pytest

from chalicelib.aws.retrying import Again, RetryPolicy, wait
from chalicelib.kernel.errors import Unavailable

LOST = Again(Unavailable("no_answer", "x"))


def test_run__random_share__scales_the_pause_up_to_a_longest(steps):
    """Full jitter: any share of a bound that doubles up to a limit."""
    shares = iter([0.0, 0.5, 1.0, 1.0, 1.0])
    policy = RetryPolicy(
        attempts=6,
        base_seconds=0.1,
        longest_pause_seconds=0.3,
        sleep=steps.sleep,
        clock=steps.clock,
        random=lambda: next(shares),
    )

    def attempt(_left):
        raise LOST

    with pytest.raises(Unavailable):
        policy.run(attempt)
    assert steps.pauses == [0.0, 0.1, 0.3, 0.3, 0.3]


def test_run__pause_past_the_deadline__gives_up_instead(steps):
    """Nobody waits for an attempt that may not be made."""
    policy = RetryPolicy(
        attempts=99, base_seconds=1, deadline_seconds=2.5, sleep=steps.sleep, clock=steps.clock, random=lambda: 1.0
    )
    left = []

    def attempt(seconds_left):
        left.append(seconds_left)
        raise LOST

    with pytest.raises(Unavailable, match="no_answer"):
        policy.run(attempt)
    assert left == [2.5, 1.5, 0.5]


def test_run__only_one_attempt__does_not_pause(steps):
    """One attempt is a policy too."""
    policy = RetryPolicy(attempts=1, sleep=steps.sleep, clock=steps.clock)
    assert policy.run(lambda _left: 5) == 5


def test_wait__some_time__passes():
    """The default pause is a real one."""
    started = time.monotonic()
    wait(0.01)
    assert time.monotonic() - started >= 0.009

"""The imports' function as Lambda runs it: one process, one message after another, a deadline for each.

Messages come as lines of JSON on standard input; the handler's answer to each goes to standard output.
"""

from __future__ import annotations

import json
import sys
import time

TIMEOUT_SECONDS = 60


class Context:
    """What is left of a function's time."""

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Lambda's own."""
        return int((self._ends_at - time.monotonic()) * 1000)


def main() -> None:
    """Serve until the input ends."""
    from chalicelib.entrypoints.queue_imports import import_ranges

    answers = sys.stdout
    # What the function logs is not its answer.
    sys.stdout = sys.stderr
    for number, line in enumerate(sys.stdin):
        record = {"messageId": f"m{number}", "body": json.loads(line)}
        answers.write(json.dumps(import_ranges({"Records": [record]}, Context())) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

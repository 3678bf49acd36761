"""The one error of the operator's tools: a sentence a person can act on."""

import sys


class Failure(Exception):
    """What went wrong and what to do about it, in one sentence; commands print it and exit 1."""


OLDEST_PYTHON = (3, 12)


def require_python() -> None:
    """Refuse a Python older than the wheels of the deployment package allow.

    Raises Failure: the wheels need the glibc of Amazon Linux 2023, which Lambda has from python3.12 on.
    """
    if sys.version_info[:2] < OLDEST_PYTHON:
        running = ".".join(map(str, sys.version_info[:2]))
        raise Failure(
            f"Python 3.12 or newer is needed to package Zhiyin, and this is {running}: run `make` with PYTHON=<path>."
        )

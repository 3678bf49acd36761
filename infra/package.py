"""Package the app: one template and one zip, as `chalice package` makes them, made small, compiled and reproducible.

    python -m infra.package [OUT] [--arch x86_64|arm64]

Chalice packages a copy of the sources without requirements.txt, because its own dependency step downloads every
wheel again on every change. The zip the template names is then written anew: the cached dependencies, and after
them what Chalice put into its zip, both with bytecode.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from chalicelib.entrypoints.access import OWN_FUNCTIONS
from infra import archive, dependencies, split, template
from infra.dependencies import Recipe
from infra.failures import Failure, require_python
from infra.prune_learning import NEVER_TRAINS

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("build")
CACHE = Path(".local/packages")
STAGE = "main"
#: The zips of layers as the fragments name them, and what each is made of.
LAYERS = {
    "training.zip": Recipe("requirements-training.txt", "python/"),
    # Bytecode of 26 MB would save 2 of 900 seconds, and does not fit beside the package on arm64.
    "learning.zip": Recipe("requirements-learning.txt", "python/", NEVER_TRAINS, with_bytecode=False),
}
#: What a package is made of, relative to the repository.
SOURCES = (
    "app.py",
    "chalicelib",
    ".chalice",
    "requirements.txt",
    *(layer.requirements for layer in LAYERS.values()),
    "infra/templates",
    "infra/prune.py",
    "infra/prune_learning.py",
    "infra/archive.py",
    "infra/split.py",
)


class Package(msgspec.Struct, frozen=True):
    """A packaged app: the template, the zip it names, and the zips of the layers that it names."""

    template: Path
    zip: Path
    unzipped_bytes: int
    layers: tuple[Path, ...]

    def layer(self, name: str) -> Path:
        """The zip of one layer, by a name of LAYERS."""
        return next(path for path in self.layers if path.name == name)


def sources(root: Path) -> dict[str, bytes]:
    """Every file that decides what the package holds, by its path relative to `root`."""
    files: dict[str, bytes] = {}
    for name in SOURCES:
        path = root / name
        if path.is_dir():
            files |= {f"{name}/{inner}": content for inner, content in archive.tree(path).items()}
        else:
            files[name] = path.read_bytes()
    return {name: content for name, content in files.items() if not name.startswith((".chalice/deploy",))}


def fingerprint(root: Path, arch: str) -> str:
    """Changes exactly when packaging `root` again would give another package."""
    chalice = importlib.metadata.version("chalice")
    made = [dependencies.fingerprint(root, arch, recipe) for recipe in (Recipe(), *LAYERS.values())]
    digest = hashlib.sha256(f"{arch} chalice {chalice} {' '.join(made)}".encode())
    for name, content in sorted(sources(root).items()):
        digest.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def stage(root: Path, folder: Path, arch: str) -> None:
    """Copy to `folder` what Chalice shall package, with the architecture and the merged fragments."""
    for name, content in sources(root).items():
        if name.startswith(("app.py", "chalicelib/", ".chalice/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    config = folder / ".chalice" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lambda_architecture": arch}))
    (folder / "merge.json").write_text(json.dumps(template.fragments(root / "infra" / "templates")))


def run_chalice(folder: Path, out: Path) -> None:
    """Run `chalice package` on a staged copy, in a process of its own because it imports the app.

    Raises Failure with Chalice's last line when it refuses the app.
    """
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]
    command += ["package", "--stage", STAGE, "--merge-template", "merge.json", str(out)]
    # Chalice asks boto3 for the region's name suffixes; the template itself names no region.
    environment = {"AWS_DEFAULT_REGION": "us-east-1"} | os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not (out / "sam.json").exists():
        last = ((done.stderr or done.stdout).strip().splitlines() or ["no reason given"])[-1]
        raise Failure(f"Chalice refused to package the app: {last}")


def package(root: Path = ROOT, out: Path | None = None, arch: str = "x86_64") -> Package:
    """Package the app at `root` into `out` (default `build/`) and say where.

    Raises Failure for an old Python, an app that Chalice refuses, or a dependency without a wheel for Lambda.
    """
    require_python()
    out = (root / OUT if out is None else out).resolve()
    base = dependencies.dependency_zip(root, arch, ROOT / CACHE, Recipe())
    layers = {name: dependencies.dependency_zip(root, arch, ROOT / CACHE, recipe) for name, recipe in LAYERS.items()}
    with tempfile.TemporaryDirectory() as temporary:
        staged, raw = Path(temporary) / "app", Path(temporary) / "out"
        staged.mkdir()
        stage(root, staged, arch)
        run_chalice(staged, raw)
        unpacked = Path(temporary) / "unpacked"
        shutil.unpack_archive(raw / "deployment.zip", unpacked)
        out.mkdir(parents=True, exist_ok=True)
        archive.write(out / "deployment.zip", archive.tree(unpacked), base)
        made = split.split(json.loads((raw / "sam.json").read_text()), OWN_FUNCTIONS)
        (out / "sam.json").write_text(json.dumps(made, indent=2) + "\n")
        for name, layer in layers.items():
            shutil.copyfile(layer, out / name)
    unzipped = archive.unzipped_bytes(out / "deployment.zip")
    return Package(out / "sam.json", out / "deployment.zip", unzipped, tuple(out / name for name in LAYERS))


def main(arguments: list[str] | None = None) -> int:
    """Package from the command line; 1 with one sentence when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Package the app for CloudFormation.")
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / OUT, help="folder for sam.json and deployment.zip")
    parser.add_argument("--arch", choices=sorted(dependencies.MACHINES), default="x86_64")
    chosen = parser.parse_args(arguments)
    try:
        packaged = package(ROOT, chosen.out, chosen.arch)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    print(packaged.template)
    for made in (packaged.zip, *packaged.layers):
        size, opened = made.stat().st_size, archive.unzipped_bytes(made)
        print(f"{made}: {size / 1e6:.1f} MB, unzipped {opened / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

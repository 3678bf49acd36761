"""The learning layer: on one function only, small enough on both architectures, whole as it is pruned, the same every time."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import archive, dependencies, package, prune
from infra.prune_learning import NEVER_TRAINS
from tests.house import template_rules as rules

ROOT = package.ROOT
LAYER = "learning.zip"
BOUND_BYTES, LAMBDA_BYTES = 230_000_000, 262_144_000
MACHINE_CODES = {"x86_64": 62, "arm64": 183}
"""ELF's e_machine."""
OLDEST_GLIBC = (2, 34)
"""Amazon Linux 2023 has this one, and every python from 3.12 on runs there."""
ARCHES = sorted(dependencies.MACHINES)


@pytest.fixture(scope="module")
def built() -> dict[str, Path]:
    """The layer for each architecture; pip fetches wheels once per change of the list, then they are cached."""
    cache = ROOT / package.CACHE
    return {one: dependencies.dependency_zip(ROOT, one, cache, package.LAYERS[LAYER]) for one in ARCHES}


@pytest.fixture(scope="module")
def opened(packaged: package.Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``task`` and ``opt``, as Lambda unpacks the package and the layer."""
    folder = tmp_path_factory.mktemp("lambda")
    shutil.unpack_archive(packaged.zip, folder / "task")
    shutil.unpack_archive(packaged.layer(LAYER), folder / "opt")
    return folder


def layers_of(template: dict[str, Any]) -> dict[str, set[str]]:
    """Layer of the template → the functions that have it; under '' those whose layers cannot be read."""
    found: dict[str, set[str]] = {name: set() for name in rules.of_type(template, "AWS::Serverless::LayerVersion")}
    for name, function in rules.functions(template).items():
        for layer in function.get("Layers", []):
            for one in rules.references(layer) or {""}:
                found.setdefault(one, set()).add(name)
    return found


def test_layer__of_the_packaged_template__is_given_to_one_function_only(template: dict[str, Any]) -> None:
    """Nobody but train_models has the learning layer, and that function has no other; no default gives layers to all."""
    assert layers_of(template) == {"LearningLayer": {"TrainModels"}, "TrainingLayer": {"ScheduleMatches"}}
    assert "Layers" not in template["Globals"]["Function"]


def test_layer__given_to_a_second_function__is_found(template: dict[str, Any]) -> None:
    """The negative control: by reference, and by a name that no resource has."""
    planted = {
        name: {**one, "Properties": {**one.get("Properties", {})}} for name, one in template["Resources"].items()
    }
    planted["APIHandler"]["Properties"]["Layers"] = [{"Ref": "LearningLayer"}]
    planted["IngestEvents"]["Properties"]["Layers"] = ["arn:aws:lambda:us-east-1:1:layer:zhiyin-learning:1"]
    found = layers_of({"Resources": planted})
    assert (found["LearningLayer"], found[""]) == ({"TrainModels", "APIHandler"}, {"IngestEvents"})


def test_package__of_the_hot_path__holds_nothing_of_the_layer(packaged: package.Package) -> None:
    """No package of the layer is in the zip that every function has."""
    with zipfile.ZipFile(packaged.zip) as hot, zipfile.ZipFile(packaged.layer(LAYER)) as layer:
        tops = {name.split("/")[1] for name in layer.namelist()}
        shipped = {name.split("/")[0] for name in hot.namelist()}
    assert {"sklearn", "scipy", "numpy", "scipy.libs", "joblib"} <= tops
    assert tops & shipped == set()


@pytest.mark.parametrize("arch", ARCHES)
def test_layer__with_the_package__is_within_the_bound(
    arch: str, built: dict[str, Path], packaged: package.Package
) -> None:
    """Unzipped they have 230 MB, which is less than Lambda's own limit, on either architecture.

    The package beside it is that of x86_64: the larger one, because its wheels are.
    """
    together = packaged.unzipped_bytes + archive.unzipped_bytes(built[arch])
    assert together <= BOUND_BYTES < LAMBDA_BYTES


@pytest.mark.parametrize("arch", ARCHES)
def test_layer__compiled_parts__run_on_the_architecture_and_its_linux(arch: str, built: dict[str, Path]) -> None:
    """Every library is of this machine and needs no newer glibc; there is no program among them."""
    with zipfile.ZipFile(built[arch]) as layer:
        heads = {one: layer.read(one) for one in layer.namelist() if layer.open(one).read(4) == b"\x7fELF"}
    assert len(heads) > 150
    assert {int.from_bytes(one[18:20], "little") for one in heads.values()} == {MACHINE_CODES[arch]}
    # 3 is a shared object; programs are 2, or have an interpreter.
    assert {int.from_bytes(one[16:18], "little") for one in heads.values()} == {3}
    assert [name for name, one in heads.items() if b"/lib64/ld-linux" in one or b"/lib/ld-linux" in one] == []
    needed = {tuple(map(int, one.split(b"."))) for head in heads.values() for one in _glibcs(head)}
    assert (2, 17) in needed
    assert max(needed) <= OLDEST_GLIBC


def _glibcs(library: bytes) -> Iterator[bytes]:
    return (found[1] for found in re.finditer(rb"\0GLIBC_(2\.\d+)(?=\0)", library))


def test_layer__of_both_architectures__differs_in_compiled_parts_alone(built: dict[str, Path]) -> None:
    """What was proven of the one here holds for the other: the same modules, byte for byte where they are not compiled."""
    machine = re.compile(r"x86_64|aarch64")
    texts, names = [], []
    for one in built.values():
        with zipfile.ZipFile(one) as layer:
            inside = layer.namelist()
            names.append({machine.sub("*", name) for name in inside if ".libs/" not in name})
            texts.append({name: layer.read(name) for name in inside if name.endswith(".py")})
    assert names[0] == names[1]
    differing = {name for name in texts[0] if texts[0][name] != texts[1][name]}
    # Those that say with which compilers they were made.
    assert differing <= {"python/numpy/__config__.py", "python/scipy/__config__.py"}


def test_layer__is_what_the_list_pins(built: dict[str, Path]) -> None:
    """Every distribution in it is pinned and the other way round, so that no day's newest version gets in."""
    lines = (ROOT / "requirements-learning.txt").read_text().splitlines()
    pinned = {line for line in lines if line and not line.startswith("#")}
    for one in built.values():
        with zipfile.ZipFile(one) as layer:
            texts = [layer.read(name).decode() for name in layer.namelist() if name.endswith(".dist-info/METADATA")]
        fields = [dict(re.findall(r"^(Name|Version): (.+)$", text, re.MULTILINE)) for text in texts]
        assert {f"{one['Name']}=={one['Version']}" for one in fields} == pinned


def test_numpy__in_both_layers__is_the_same() -> None:
    """One pin in both lists: nobody trains with another numpy than matches are searched with."""
    pins = {
        line
        for name in ("requirements-learning.txt", "requirements-training.txt")
        for line in (ROOT / name).read_text().splitlines()
        if line.startswith("numpy==")
    }
    assert len(pins) == 1


def use(opened: Path) -> subprocess.CompletedProcess[str]:
    """Run the first uses with the package, the layer and the standard library, where no program is found."""
    paths = [str(opened / "task"), str(opened / "opt" / "python")]
    command = [sys.executable, "-I", "-S", "-B", str(ROOT / "tests/house/learning_uses.py"), *paths]
    environment = {"PATH": "", "AWS_REGION": "us-east-1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_layer__used_for_the_first_time__misses_nothing(opened: Path) -> None:
    """All kinds of clusterings, scores, calibrations and tables that training is made of work as pruned, with no program at hand."""
    done = use(opened)
    assert (done.returncode, done.stdout) == (0, '["blas", "openmp"]\n'), done.stderr[-2000:]


@pytest.mark.parametrize(
    "needed",
    ["scipy/cluster", "scikit_learn.libs"],
)
def test_layer__without_something_needed__is_found(opened: Path, tmp_path: Path, needed: str) -> None:
    """A file too many is noticed, also where importing scikit-learn alone would not."""
    (tmp_path / "task").symlink_to(opened / "task")
    shutil.copytree(opened / "opt", tmp_path / "opt", copy_function=_linked)
    for path in (tmp_path / "opt" / "python").glob(needed):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert use(tmp_path).returncode == 1


def _linked(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def imported(source: bytes, module: str) -> Iterator[str]:
    """Every module that a source names in an import, wherever in it, and what it takes from there."""
    package_ = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package_[: len(package_) - node.level] if node.level else []
            whole = ".".join([*base, *([node.module] if node.module else [])])
            yield whole
            yield from (f"{whole}.{one.name}" for one in node.names)


def late_imports_of_pruned(files: dict[str, bytes]) -> set[tuple[str, str]]:
    """(file, module) of every import, however late, of what was left out."""
    found = set()
    for name, source in files.items():
        inner = name.removeprefix("python/")
        module = inner.removesuffix(".py").replace("/", ".")
        # A package's relative imports begin in itself.
        module = module if not module.endswith(".__init__") else module.removesuffix("__init__") + "_"
        for one in set(imported(source, module)):
            path = one.replace(".", "/")
            if any(prune.reason_to_drop(f"{path}{end}", NEVER_TRAINS) for end in ("/__init__.py", ".py")):
                found.add((inner, one))
    return found


@pytest.mark.deployed
def test_layer__modules__import_nothing_that_was_left_out(built: dict[str, Path]) -> None:
    """Also not late, inside a function: those would fail in the night in which they are first called."""
    with zipfile.ZipFile(built["x86_64"]) as layer:
        files = {name: layer.read(name) for name in layer.namelist() if name.endswith(".py")}
    # Others, like cffi, are asked for and done without.
    of_the_wheels = {
        one for one in late_imports_of_pruned(files) if one[1].split(".")[0] in {"numpy", "scipy", "sklearn"}
    }
    assert of_the_wheels == set()
    assert late_imports_of_pruned({"python/scipy/planted.py": b"def f():\n    from . import signal\n"}) == {
        ("scipy/planted.py", "scipy.signal")
    }


def test_layer__files__are_none_that_were_left_out(built: dict[str, Path]) -> None:
    """Nothing that has a reason to go is there, no bytecode."""
    for one in built.values():
        with zipfile.ZipFile(one) as layer:
            names = [name.removeprefix("python/") for name in layer.namelist()]
        assert [name for name in names if prune.reason_to_drop(name, NEVER_TRAINS)] == []
        assert [name for name in names if name.endswith(".pyc")] == []


@pytest.mark.deployed
@pytest.mark.parametrize("arch", ARCHES)
def test_layer__built_again_from_nothing__same_bytes(arch: str, built: dict[str, Path], tmp_path: Path) -> None:
    """Fetched, pruned and zipped anew in another folder at another time, it is the same file."""
    again = dependencies.dependency_zip(ROOT, arch, tmp_path, package.LAYERS[LAYER])
    assert again.read_bytes() == built[arch].read_bytes()


def test_zip__of_files_made_in_another_order_and_mode__same_bytes(tmp_path: Path) -> None:
    """Neither the order, the times nor the modes of the files that pip leaves are in the zip."""
    files = {"python/b.py": b"b = 1\n", "python/a.so": b"\x7fELF", "python/a/c.txt": b"c"}
    for number, names in enumerate((sorted(files), sorted(files, reverse=True))):
        folder = tmp_path / str(number)
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(files[name])
            (folder / name).chmod(0o600 if number else 0o755)
        archive.write(tmp_path / f"{number}.zip", archive.tree(folder), with_bytecode=False)
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()

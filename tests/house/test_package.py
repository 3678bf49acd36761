"""The deployment package: small, compiled, the same every time."""

import py_compile
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra import archive, package, prune, template
from infra.failures import Failure

LIMIT_BYTES = 45_000_000
SEARCH = """
import sys
sys.path[:0] = sys.argv[1:]
from chalicelib.matching.model import Person
from chalicelib.training.matches.people import find_matches
people = [Person(f"p_{n}", {"name": f"name{n} of{n}", "birth_date": f"19{10 + n}-01-02"}) for n in range(60)]
print(len(find_matches([*people, Person("p_x", {"name": "of7 name7", "birth_date": "1917-01-02"})]).matches))
"""


def bytecode_mistakes(target: Path) -> list[str]:
    """Modules of the zip without bytecode, and bytecode that Python would check against its source."""
    with zipfile.ZipFile(target) as opened:
        names = set(opened.namelist())
        bare = [name for name in names if name.endswith(".py") and archive.bytecode_name(name) not in names]
        compiled = [name for name in names if name.endswith(".pyc")]
        checked = [name for name in compiled if opened.read(name)[4:8] != b"\x01\x00\x00\x00"]
    return [f"{name} has no bytecode" for name in bare] + [f"{name} is checked when loaded" for name in checked]


def test_package__unzipped__within_45_mb(packaged: package.Package) -> None:
    """The hot path's package occupies at most 45 MB, bytecode included."""
    assert packaged.unzipped_bytes <= LIMIT_BYTES


def test_package__with_the_layer__within_230_mb(packaged: package.Package) -> None:
    """What the nightly jobs load, package and layer together, leaves room below Lambda's 262 MB."""
    assert packaged.unzipped_bytes + archive.unzipped_bytes(packaged.layer("training.zip")) <= 230_000_000


def test_layer__with_the_package__is_all_that_a_search_needs(packaged: package.Package, tmp_path: Path) -> None:
    """Probable matches run on the package and the layer alone, as they were pruned."""
    shutil.unpack_archive(packaged.zip, tmp_path / "task")
    shutil.unpack_archive(packaged.layer("training.zip"), tmp_path / "opt")
    command = [sys.executable, "-I", "-S", "-B", "-c", SEARCH, str(tmp_path / "task"), str(tmp_path / "opt" / "python")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_package__pages__are_in_it_as_they_are(packaged: package.Package) -> None:
    """The files that people's browsers load are no modules, and ship all the same."""
    pages = {path.name: path.read_bytes() for path in (package.ROOT / "chalicelib/entrypoints/pages").iterdir()}
    with zipfile.ZipFile(packaged.zip) as opened:
        shipped = {name: opened.read(f"chalicelib/entrypoints/pages/{name}") for name in pages}
    assert {"me.html", "me.js", "me.css"} <= pages.keys()
    assert shipped == pages


def test_package__modules__ship_unchecked_bytecode(packaged: package.Package) -> None:
    """Every module has unchecked-hash bytecode, so that a cold start compiles nothing."""
    assert bytecode_mistakes(packaged.zip) == []


def test_package__made_again__same_bytes(packaged: package.Package, tmp_path: Path) -> None:
    """The same sources give the same zip and template, so that a deployment changes only what changed."""
    again = package.package(package.ROOT, tmp_path)
    assert again.zip.read_bytes() == packaged.zip.read_bytes()
    assert again.template.read_bytes() == packaged.template.read_bytes()


def test_package__holds__only_what_runs(packaged: package.Package) -> None:
    """Neither infra nor tests nor a pruned file is shipped, and no file twice."""
    with zipfile.ZipFile(packaged.zip) as opened:
        names = opened.namelist()
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(("infra/", "tests/"))]
    assert not [name for name in names if "__pycache__" not in name and prune.reason_to_drop(name)]
    assert {"app.py", "chalice/app.py", "chalicelib/__init__.py"} <= set(names)


def test_bytecode__timestamped_planted__found(packaged: package.Package, tmp_path: Path) -> None:
    """Bytecode that Python would check against the source's time is named, and so is a module without any."""
    target = tmp_path / "planted.zip"
    shutil.copyfile(packaged.zip, target)
    (tmp_path / "planted.py").write_text("x = 1\n")
    made = py_compile.compile(str(tmp_path / "planted.py"), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    with zipfile.ZipFile(target, "a") as opened:
        opened.write(made, archive.bytecode_name("planted.py"))
        opened.writestr("bare.py", "x = 1\n")
    found = bytecode_mistakes(target)
    assert len(found) == 2


def test_bytecode__loaded__is_the_module(tmp_path: Path) -> None:
    """Python runs the bytecode we write, even where the source has changed since."""
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "planted.py").write_text("print('source')\n")
    (tmp_path / archive.bytecode_name("planted.py")).write_bytes(archive.bytecode(b"print('bytecode')", "planted.py"))
    done = subprocess.run(
        [sys.executable, "-c", "import planted"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "bytecode\n"


def test_package__old_python__refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 is told in one sentence why it cannot package."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 7, "final", 0))
    with pytest.raises(Failure, match=r"Python 3\.12 or newer is needed .* this is 3\.11"):
        package.package()


def test_package__app_that_does_not_import__refused(sources: Path, tmp_path: Path) -> None:
    """An app that cannot be imported is refused with the reason."""
    (sources / "app.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(Failure, match="nothing_of_this_name"):
        package.package(sources, tmp_path / "out")


def test_fragments__contradiction__refused(tmp_path: Path) -> None:
    """Two fragments that say different things about one property are refused with its path."""
    (tmp_path / "a.yaml").write_text("Resources: {Queue: {Properties: {VisibilityTimeout: 1}}}\n")
    (tmp_path / "b.yaml").write_text("Resources: {Queue: {Properties: {VisibilityTimeout: 2}}}\n")
    with pytest.raises(Failure, match="/Resources/Queue/Properties/VisibilityTimeout"):
        template.fragments(tmp_path)

"""Reproducible zips with compiled bytecode: the same sources give the same bytes, on any day and machine."""

import importlib.util
import marshal
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

#: Where Lambda unpacks the zip, so that tracebacks name the files of the machine that runs.
TASK_ROOT = "/var/task"
#: The oldest date a zip can hold; every entry carries it.
EPOCH = (1980, 1, 1, 0, 0, 0)
#: Byte 4 of a .pyc header: found by the source's hash, never checked against it. Lambda cannot write bytecode
#: and unpacked files have arbitrary times, so any check would only cost a cold start.
UNCHECKED_HASH = 0b01


def bytecode(source: bytes, name: str) -> bytes:
    """The unchecked-hash .pyc of `source`, the module at `name` in the package.

    Raises SyntaxError when the source does not compile.
    """
    code = compile(source, f"{TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=0)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH.to_bytes(4, "little")
    return header + importlib.util.source_hash(source) + marshal.dumps(code)


def bytecode_name(name: str) -> str:
    """Where Python looks for the bytecode of the module at `name`."""
    folder, _, file = name.rpartition("/")
    cached = f"__pycache__/{file.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"
    return f"{folder}/{cached}" if folder else cached


def entries(files: dict[str, bytes], with_bytecode: bool = True) -> Iterator[tuple[str, bytes]]:
    """Every file and the bytecode of every module, by name.

    A module whose source this Python cannot compile (a template, an example for another version) ships without.
    """
    compiled: dict[str, bytes] = {}
    for name, content in files.items():
        if with_bytecode and name.endswith(".py"):
            try:
                compiled[bytecode_name(name)] = bytecode(content, name)
            except SyntaxError:
                continue
    yield from sorted((files | compiled).items())


def write(target: Path, files: dict[str, bytes], base: Path | None = None, with_bytecode: bool = True) -> None:
    """Zip `files`, unless told otherwise with their bytecode, to `target`; `base`, an earlier such zip, is put first as it is.

    Copying `base` whole spares compressing 40 MB of dependencies again for a change of one line of ours.
    """
    unfinished = target.with_suffix(".part")
    if base is None:
        unfinished.unlink(missing_ok=True)
    else:
        shutil.copyfile(base, unfinished)
    with zipfile.ZipFile(unfinished, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in entries(files, with_bytecode):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            archive.writestr(entry, content)
    unfinished.replace(target)


def tree(root: Path) -> dict[str, bytes]:
    """Every file under `root` by its posix path; bytecode is left out, because it is made afresh."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def unzipped_bytes(target: Path) -> int:
    """What the zip occupies when Lambda has unpacked it, in bytes."""
    with zipfile.ZipFile(target) as archive:
        return sum(entry.file_size for entry in archive.infolist())

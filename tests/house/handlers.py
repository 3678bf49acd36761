"""Import a packaged handler as Lambda does: a fresh process that has the package, the standard library, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

IMPORT = """
import importlib, json, sys
folder, handler, never = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.insert(0, folder)
module, _, name = handler.rpartition(".")
imported = importlib.import_module(module)
print(json.dumps({
    "callable": callable(getattr(imported, name, None)),
    "file": imported.__file__,
    "app": "app" in sys.modules,
    "forbidden": [name for name in never if name in sys.modules],
}))
"""
#: What chalicelib reads when it is imported or first used; the values open nothing.
ENVIRONMENT = {
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "POWERTOOLS_SERVICE_NAME": "zhiyin",
}


class Imported(msgspec.Struct, frozen=True):
    """What a fresh process found; `error` is its last line when the import failed."""

    callable: bool = False
    file: str = ""
    app: bool = False
    forbidden: tuple[str, ...] = ()
    error: str = ""


def handlers(template: dict[str, Any]) -> dict[str, str]:
    """The handler string of every function of a template."""
    resources = template["Resources"].items()
    return {name: one["Properties"]["Handler"] for name, one in resources if one["Type"] == "AWS::Serverless::Function"}


def fresh_import(folder: Path, handler: str, template: dict[str, Any], never: list[str]) -> Imported:
    """Import `handler` from the unzipped package in `folder`, isolated from this environment's packages."""
    names = template["Globals"]["Function"]["Environment"]["Variables"]
    environment = ENVIRONMENT | dict.fromkeys(names, "x")
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT, str(folder), handler, json.dumps(never)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return Imported(error=done.stderr.strip().splitlines()[-1])
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Imported)

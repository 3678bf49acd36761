"""Every handler string of the packaged template names something that Lambda can call."""

import json
import shutil
from pathlib import Path
from typing import Any

from infra import package
from tests.house import handlers

NEVER: list[str] = json.loads((package.ROOT / "tests/cases/cold_imports.json").read_text())["never"]
SERVING_HTTP = {"app", "chalicelib.entrypoints.own_functions", "chalicelib.entrypoints.authorizers"}
FOR_HTTP_ALONE = ("chalicelib.routing.policy", "chalicelib.routing.decide")
NOT_FOR_HTTP = ("aws_lambda_powertools", "importlib.resources", "chalicelib.channels", "chalicelib.flows.accept_events")


def test_handlers__packaged__resolve_in_a_fresh_process(template: dict[str, Any], unzipped: Path) -> None:
    """Each handler is callable, comes from the package alone, and all but the HTTP one never import app.py."""
    for name, handler in handlers.handlers(template).items():
        found = handlers.fresh_import(unzipped, handler, template, NEVER)
        assert not found.error, f"{name}: {found.error}"
        assert found.callable, f"{handler} is not callable"
        assert found.file.startswith(str(unzipped))
        assert found.app is (handler == "app.app")


def test_entry_modules__imported__reach_nothing_heavy(template: dict[str, Any], unzipped: Path) -> None:
    """No function's cold start pays for a module of tests/cases/cold_imports.json, and none but HTTP's for routing."""
    for handler in handlers.handlers(template).values():
        never = [*NEVER, *(() if handler == "app.app" else FOR_HTTP_ALONE)]
        assert handlers.fresh_import(unzipped, handler, template, never).forbidden == (), handler


def test_http__imported_in_a_lambda__loads_no_other_function(template: dict[str, Any], unzipped: Path) -> None:
    """Who serves HTTP pays for no function that it does not run, for no line of a log, and for no door of events."""
    functions = {one.rpartition(".")[0] for one in handlers.handlers(template).values()} - SERVING_HTTP
    assert len(functions) > 10
    found = handlers.fresh_import(unzipped, "app.app", template, [*functions, *NOT_FOR_HTTP])
    assert found.callable
    assert found.forbidden == ()


def repackaged(sources: Path, out: Path) -> tuple[dict[str, Any], Path]:
    made = package.package(sources, out / "package")
    shutil.unpack_archive(made.zip, out / "task")
    return json.loads(made.template.read_text()), out / "task"


def test_handlers__undecorated_wrapper_planted__found(sources: Path, tmp_path_factory: Any) -> None:
    """A decorator without functools.wraps packages a handler that does not exist; the check sees it."""
    module = sources / "chalicelib/entrypoints/queue_events.py"
    module.write_text(
        "from chalice.app import Blueprint\n"
        "blueprint = Blueprint(__name__)\n"
        "def unwrapped(view):\n"
        "    def inner(event): return view(event)\n"
        "    return inner\n"
        "@blueprint.on_sqs_message(queue='events', name='ingest_events')\n"
        "@unwrapped\n"
        "def ingest_events(event): return {}\n"
    )
    template, task = repackaged(sources, tmp_path_factory.mktemp("planted"))
    found = handlers.fresh_import(task, handlers.handlers(template)["IngestEvents"], template, NEVER)
    assert found.error or not found.callable


def test_entry_modules__heavy_import_planted__found(template: dict[str, Any], unzipped: Path, tmp_path: Path) -> None:
    """An entry module that imports boto3 is caught."""
    planted = tmp_path / "task"
    planted.mkdir()
    for path in unzipped.iterdir():
        (planted / path.name).symlink_to(path)
    (planted / "planted.py").write_text("import boto3\nhandler = print\n")
    found = handlers.fresh_import(planted, "planted.handler", template, NEVER)
    assert {"boto3", "botocore.session", "botocore.client"} <= set(found.forbidden)

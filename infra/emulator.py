"""The emulator of AWS (ministack) that the local cloud runs on: how it is started, found alive, and asked."""

import http.client
import os
import shutil
import subprocess
import time
from typing import Any

from infra import processes, state
from infra.failures import Failure

PORT = 4571
REGION = "us-east-1"
#: The emulator accepts any; real ones must never reach it, so ours replace whatever the shell holds.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
READY_SECONDS = 60
#: Variables of the shell that would lead the emulator's Lambdas to a real account or another emulator.
STRAY = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE")


def environment(port: int) -> dict[str, str]:
    """The variables of the emulator's process, which its Lambdas inherit."""
    kept = {name: value for name, value in os.environ.items() if name not in STRAY and name != "PYTHONPATH"}
    folders = {name: str(state.LOCAL / "emulator" / name.lower()) for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR")}
    return (
        kept
        | CREDENTIALS
        | folders
        | {
            "BIND_HOST": processes.HOST,
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }
    )


def healthy(port: int) -> bool:
    """Whether an emulator answers there."""
    connection = http.client.HTTPConnection(processes.HOST, port, timeout=2)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def start(port: int) -> int:
    """Start an empty emulator on the port and wait until it answers; its process id.

    Raises Failure with its last line when it ends or stays silent.
    """
    shutil.rmtree(state.LOCAL / "emulator", ignore_errors=True)
    settings = environment(port)
    for name in ("STATE_DIR", "S3_DATA_DIR", "TMPDIR"):
        os.makedirs(settings[name])  # noqa: PTH103 - the setting is a string
    state.log_file("emulator").unlink(missing_ok=True)
    pid = processes.start("emulator", ["-m", "ministack"], settings)
    started = processes.started_at(pid)
    try:
        processes.wait_until(lambda: healthy(port) or not processes.alive(pid, started), READY_SECONDS)
    except KeyboardInterrupt:
        # Nobody has noted down its process id yet.
        processes.stop(pid, started)
        raise
    if not healthy(port):
        processes.stop(pid, started)
        last = (state.log_file("emulator").read_text().strip().splitlines() or ["it printed nothing"])[-1]
        raise Failure(f"The emulator did not start on port {port}: {last}")
    return pid


def sweep() -> None:
    """Delete the unpacked code of Lambda processes that are no more.

    The emulator unpacks the package (40 MB) anew after every call that raised, an authorizer's refusal among them,
    and never deletes it. Folders of the last minute are left alone: one may be unpacking.
    """
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    for folder in (state.LOCAL / "emulator" / "tmpdir").glob("ministack-lambda-*"):
        if folder.name not in running and time.time() - folder.stat().st_mtime > 60:
            shutil.rmtree(folder, ignore_errors=True)


def client(service: str, port: int) -> Any:
    """A boto3 client of the emulator's `service`, whatever the shell's AWS settings are."""
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    config = Config(retries={"total_max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"})
    return session.client(service, endpoint_url=f"http://{processes.HOST}:{port}", config=config)

"""What is left out of the package is missed by nothing, not even by what is loaded only when it is first used."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra import prune

#: Run with the package and the standard library alone; zones of the machine are hidden, as a Lambda may have none.
FIRST_USES = """
import inspect, json, sys, zoneinfo
folder, services = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, folder)
zoneinfo.reset_tzpath(to=())
import boto3, botocore.session, idna, phonenumbers

session = botocore.session.get_session()
for service in services:
    client = session.create_client(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    assert client.meta.endpoint_url.endswith("eu-central-1.amazonaws.com"), client.meta.endpoint_url
    for name in client.meta.method_to_api_mapping:
        assert not client.can_paginate(name) or client.get_paginator(name)
    assert inspect.getdoc(getattr(client, name))
    assert all([client.get_waiter(name) for name in client.waiter_names])
for service in boto3.session.Session().get_available_resources():
    resource = boto3.resource(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    assert resource.meta.client and inspect.getdoc(resource.get_available_subresources)
assert boto3.client("s3", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x").upload_file

zones = zoneinfo.available_timezones()
for name in zones:
    zoneinfo.ZoneInfo(name)
for region in phonenumbers.SUPPORTED_REGIONS:
    number = phonenumbers.example_number(region)
    assert phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) is not None
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).startswith("+")
assert idna.encode("\\u4f8b\\u5b50.\\u4e2d\\u56fd", uts46=True) == b"xn--fsqu00a.xn--fiqs8s"

from chalicelib.aws.observability import Journal
from chalicelib.store import models
assert models.ProfileItem._get_connection().table_name
journal = Journal("first_uses", stream=sys.stderr)
try:
    raise ValueError("x")
except ValueError as error:
    journal.fault("planted", error, count=1)
journal.count("planted")
journal.flush()
print(json.dumps([len(zones) > 500, len(phonenumbers.SUPPORTED_REGIONS) > 200]))
"""


def first_uses(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-B", "-c", FIRST_USES, str(folder), json.dumps(sorted(prune.SERVICES))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_package__used_for_the_first_time__misses_nothing(unzipped: Path) -> None:
    """Clients, paginators, waiters, docstrings, every time zone, every country's numbers and the log work as pruned."""
    done = first_uses(unzipped)
    assert (done.returncode, done.stdout) == (0, "[true, true]\n"), done.stderr[-2000:]


@pytest.mark.parametrize(
    "needed",
    [
        "botocore/data/endpoints.json.gz",
        "botocore/docs/method.py",
        "botocore/data/sqs",
        "phonenumbers/data/region_NO.py",
        "tzdata/zoneinfo/Asia/Shanghai",
        "aws_lambda_powertools/utilities/jmespath_utils",
    ],
)
def test_package__without_something_needed__is_found(unzipped: Path, tmp_path: Path, needed: str) -> None:
    """A file too many is noticed, also where no handler's import would."""
    folder = tmp_path / "task"
    shutil.copytree(unzipped, folder, ignore=shutil.ignore_patterns("cryptography", "*.dist-info"))
    (folder / "cryptography").symlink_to(unzipped / "cryptography")
    path = folder / needed
    assert path.exists()
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
        for made in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            made.unlink()
    assert first_uses(folder).returncode == 1


def test_prune__a_tree__drops_and_compresses(tmp_path: Path) -> None:
    """What has a reason goes, with the folders that it leaves empty; what is read compressed stays so."""
    kept = b'{"version": 3}'
    names = ("botocore/data/endpoints.json", "botocore/data/ec2/2016/service-2.json.gz", "bin/jp.py", "app.py")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(kept)
    prune.prune(tmp_path)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["app.py", "botocore/data/endpoints.json.gz"]

"""Signed URLs and ranges of objects: as AWS's own client signs, and as S3 answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime
from unittest import mock

import boto3
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from chalicelib.aws.objects import Bucket, Objects, presign
from chalicelib.aws.retrying import RetryPolicy
from chalicelib.aws.signer import AwsCredentials
from chalicelib.kernel.errors import ServiceRefused, Unavailable
from tests.unit.aws.conftest import CLOSE, answer

WORDS = st.text(alphabet="abcXYZ019", min_size=1, max_size=20)
SECRETS = st.text(alphabet="abcXYZ019+/=", min_size=1, max_size=40)
KEEN = RetryPolicy(attempts=3, sleep=lambda _: None)


@given(
    method=st.sampled_from(["PUT", "GET", "DELETE"]),
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
    endpoint=st.sampled_from(["https://s3.us-east-1.amazonaws.com/", "http://127.0.0.1:4571", "http://h:1/base/"]),
    key=st.text(alphabet="abcXYZ019-_.~ /+=&知", min_size=1, max_size=30),
    access=WORDS,
    secret=SECRETS,
    token=st.none() | SECRETS,
    seconds=st.integers(1, 604_800),
    at=st.integers(1_600_000_000, 2_500_000_000),
)
def test_presign__any_object__signs_as_botocore_does(method, region, endpoint, key, access, secret, token, seconds, at):
    """Our signed URL and AWS's own client's are equal, so that real buckets take it."""
    bucket = Bucket.at(endpoint, "uploads-1")
    made = presign(bucket, region, AwsCredentials(access, secret, token), method, key, seconds=seconds, at=at)
    bare = made.partition("?")[0]
    request = AWSRequest(method, urllib.request.unquote(bare))
    moment = datetime.fromtimestamp(at, tz=UTC).replace(tzinfo=None)
    auth = S3SigV4QueryAuth(Credentials(access, secret, token), "s3", region, expires=seconds)
    request.url = bare
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        auth.add_auth(request)
    ours, theirs = (
        dict(part.split("=", 1) for part in url.partition("?")[2].split("&")) for url in (made, request.url)
    )
    assert ours == theirs


def test_bucket__of_aws_or_an_emulator__is_addressed_as_each_wants():
    """AWS's buckets are hosts of their own; an emulator's are paths."""
    assert Bucket.at("https://s3.cn-north-1.amazonaws.com.cn/", "b") == Bucket(
        "b.s3.cn-north-1.amazonaws.com.cn", "", tls=True
    )
    assert Bucket.at("http://127.0.0.1:4571", "b") == Bucket("127.0.0.1:4571", "/b", tls=False)


def objects_at(endpoint, name="uploads", retry=KEEN):
    credentials = AwsCredentials("test", "test", None)
    return Objects(Bucket.at(endpoint, name), region="us-east-1", credentials=lambda: credentials, retry=retry)


@pytest.fixture(scope="module")
def bucket():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="uploads")
    yield endpoint, client
    server.stop()


def test_objects__uploaded_by_url__are_read_in_ranges_and_removed(bucket):
    """The URL takes a plain PUT; ranges come exactly; what is removed is gone, twice over."""
    endpoint, client = bucket
    objects = objects_at(endpoint)
    url = objects.upload_url("uploads/t_1/i_1", seconds=60)
    urllib.request.urlopen(urllib.request.Request(url, b"0123456789", {"Content-Type": "text/csv"}, method="PUT"))
    etag = client.head_object(Bucket="uploads", Key="uploads/t_1/i_1")["ETag"].strip('"')
    assert objects.read("uploads/t_1/i_1", 0, 4, etag=etag) == b"0123"
    assert objects.read("uploads/t_1/i_1", 7, 3, etag=etag) == b"789"
    with pytest.raises(ServiceRefused, match="object_changed"):
        objects.read("uploads/t_1/i_1", 0, 4, etag="0" * 32)
    objects.remove("uploads/t_1/i_1")
    objects.remove("uploads/t_1/i_1")
    with pytest.raises(ServiceRefused, match="object_gone"):
        objects.read("uploads/t_1/i_1", 0, 4, etag=etag)


@pytest.mark.parametrize(
    "content", [b"", bytes(range(256)) * 4096, b"GET / HTTP/1.1\r\n\r\n"], ids=["none", "1 MiB", "head"]
)
def test_objects__written_whole__are_read_back_and_replaced(bucket, content):
    """Byte for byte, whatever is in them; written again, the new ones stand there; a bucket that is not there refuses."""
    endpoint, client = bucket
    objects = objects_at(endpoint)
    objects.write("learning/t_1/run 1/scan-0/000000", b"before")
    objects.write("learning/t_1/run 1/scan-0/000000", content)
    assert objects.whole("learning/t_1/run 1/scan-0/000000") == content
    theirs = client.get_object(Bucket="uploads", Key="learning/t_1/run 1/scan-0/000000")
    assert theirs["Body"].read() == content
    objects.remove("learning/t_1/run 1/scan-0/000000")
    with pytest.raises(ServiceRefused, match="object_gone"):
        objects.whole("learning/t_1/run 1/scan-0/000000")
    with pytest.raises(ServiceRefused, match="object_gone"):
        objects_at(endpoint, "none").write("k", content)


def test_write__faults_that_pass__sends_all_of_it_again(server):
    """Throttling, faults of S3 and closed connections are survived; each try has the whole body and its length."""
    server.script = [answer(b"", 503), CLOSE, answer(b"", 200)]
    objects_at(server.endpoint).write("k", b"0123456789")
    last = server.requests[-1]
    assert last.startswith(b"PUT /") and b"Content-Length: 10\r\n" in last and last.endswith(b"\r\n\r\n0123456789")


@pytest.mark.parametrize(("status", "code"), [(403, "object_forbidden"), (400, "object_refused")])
def test_write__that_is_refused__is_told_and_not_tried_again(server, status, code):
    """Another try would be refused as well."""
    server.script, before = [answer(b"", status)], len(server.requests)
    with pytest.raises(ServiceRefused, match=code):
        objects_at(server.endpoint).write("k", b"x")
    assert len(server.requests) == before + 1


def test_read__faults_that_pass__is_tried_again(server):
    """P6: throttling, faults of S3 and closed connections are survived; the range is asked for with its ETag."""
    server.script = [answer(b"", 503), answer(b"", 500), answer(b"abc", 206)]
    assert objects_at(server.endpoint).read("k", 5, 3, etag="e1") == b"abc"
    assert b"Range: bytes=5-7\r\n" in server.requests[-1] and b'If-Match: "e1"\r\n' in server.requests[-1]
    server.script = [CLOSE, answer(b"abc", 206)]
    assert objects_at(server.endpoint).read("k", 5, 3, etag="e1") == b"abc"


@pytest.mark.parametrize(("status", "code"), [(503, "throttled"), (500, "service_failed")])
def test_read__faults_that_stay__are_unavailable(server, status, code):
    """In the end it is said that the service did not answer."""
    server.script = [answer(b"", status)] * 3
    with pytest.raises(Unavailable, match=code):
        objects_at(server.endpoint).read("k", 0, 3, etag="e1")


def test_read__wrong_length_or_refusal__is_not_taken_for_content(server):
    """A range that is not what was asked for, and a page of an error, never become lines of a file."""
    server.script = [answer(b"ab", 206)]
    with pytest.raises(Unavailable):
        objects_at(server.endpoint).read("k", 0, 3, etag="e1")
    for status, code in (
        (403, "object_forbidden"),
        (404, "object_gone"),
        (412, "object_changed"),
        (400, "object_refused"),
    ):
        server.script = [answer(b"<Error/>", status)]
        with pytest.raises(ServiceRefused, match=code):
            objects_at(server.endpoint).read("k", 0, 3, etag="e1")

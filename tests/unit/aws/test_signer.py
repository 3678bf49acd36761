from datetime import UTC, datetime
from unittest import mock

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.signer import AwsCredentials, Signer

WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCXYZ0123456789", min_size=1, max_size=20)
SECRETS = st.text(alphabet="abcXYZ019+/=", min_size=1, max_size=40)
TYPE = "application/x-amz-json-1.0"


def by_botocore(service, region, url, *, target, body, credentials, at):
    request = AWSRequest("POST", url, data=body, headers={"X-Amz-Target": target, "Content-Type": TYPE})
    moment = datetime.fromtimestamp(at, tz=UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        SigV4Auth(credentials, service, region).add_auth(request)
    return {name: request.headers[name] for name in request.headers if name not in {"X-Amz-Target", "Content-Type"}}


@given(
    service=st.sampled_from(["dynamodb", "kms", "sqs", "events"]),
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
    host=st.sampled_from(["dynamodb.us-east-1.amazonaws.com", "127.0.0.1:8123", "localhost:4566"]),
    path=st.sampled_from(["/", "/base/"]),
    operation=WORDS,
    body=st.binary(max_size=200),
    access=WORDS,
    secret=SECRETS,
    token=st.none() | SECRETS,
    at=st.integers(1_600_000_000, 2_500_000_000),
)
def test_signer__any_request__signs_as_botocore_does(
    service, region, host, path, operation, body, access, secret, token, at
):
    """Our signature and AWS's own client's are equal, so that real endpoints take it."""
    signer = Signer(service=service, region=region, host=host, path=path, content_type=TYPE)
    target = f"Prefix_1.{operation}"
    made = signer.headers(AwsCredentials(access, secret, token), target, body, at)
    expected = by_botocore(
        service,
        region,
        f"http://{host}{path}",
        target=target,
        body=body,
        credentials=Credentials(access, secret, token),
        at=at,
    )
    lines = made.removesuffix("\r\n").split("\r\n")
    assert made.endswith("\r\n")
    assert dict(line.split(": ", 1) for line in lines) == {"X-Amz-Target": target, **expected}
    assert len(lines) == len(expected) + 1


def test_signer__day_or_credentials_change__derives_anew():
    """What is remembered is used for its day and its credentials only, the token of a session among them."""
    signer = Signer(service="kms", region="us-east-1", host="h", path="/", content_type=TYPE)

    def fresh(credentials, at):
        return Signer(service="kms", region="us-east-1", host="h", path="/", content_type=TYPE).headers(
            credentials, "T.O", b"", at
        )

    today, tomorrow = 1_700_000_000, 1_700_090_000
    asked = [("a", None, today), ("a", None, tomorrow), ("b", None, tomorrow), ("a", None, today)]
    for secret, token, at in [*asked, ("a", "t", today), ("a", "u", today), ("a", None, today)]:
        credentials = AwsCredentials("AK", secret, token)
        assert signer.headers(credentials, "T.O", b"", at) == fresh(credentials, at)


def test_credentials__printed__show_nothing():
    """A secret key that reaches a log by accident is not readable there."""
    assert repr(AwsCredentials("AK", "SK", "T")) == "<aws credentials>"
    signer = Signer(service="kms", region="us-east-1", host="h", path="/", content_type=TYPE)
    signer.headers(AwsCredentials("AK", "SK", "T"), "P.O", b"", 1_700_000_000)
    assert repr(signer._derived) == "<signatures of a day>"

import sys
from unittest import mock

import pytest

from chalicelib.aws.credentials import credentials_from
from chalicelib.aws.services import SERVICES, open_api
from chalicelib.aws.settings import SettingsBroken, load_settings
from chalicelib.aws.signer import AwsCredentials
from chalicelib.kernel.errors import Unavailable

WHOLE = {
    "TABLE_PROFILES": "profiles",
    "TABLE_HISTORY": "history",
    "TABLE_KEYS": "keys",
    "TABLE_CATALOGUE": "catalogue",
    "TABLE_DESK": "desk",
    "QUEUE_EVENTS_URL": "http://q/events",
    "QUEUE_IMPORTS_URL": "http://q/imports",
    "QUEUE_CATALOGUE_URL": "http://q/catalogue",
    "QUEUE_PRIVACY_URL": "http://q/privacy",
    "QUEUE_LEARNING_URL": "http://q/learning",
    "QUEUE_LEARNING_TRAINING_URL": "http://q/training",
    "BUCKET_IMPORTS": "uploads",
    "BUS_NAME": "zhiyin",
    "KEY_INDEX_ID": "k1",
    "KEY_BRANCH_ID": "k2",
    "KEY_INGEST_ID": "k3",
    "KEY_RECEIPT_ID": "k4",
    "AWS_REGION": "eu-west-1",
}


def test_load_settings__whole_environment__has_names_limits_and_endpoints():
    """What a deployment must tell is read; limits have defaults."""
    settings = load_settings(WHOLE | {"KEY_CACHE_SECONDS": "60"})
    assert settings.table_profiles == "profiles"
    assert settings.message_limit_bytes == 262_144
    assert settings.key_cache_seconds == 60
    assert settings.endpoints["events"] == "https://events.eu-west-1.amazonaws.com/"


def test_load_settings__several_mistakes__names_all_at_once():
    """One failed start tells everything that is missing."""
    with pytest.raises(SettingsBroken) as refusal:
        load_settings(
            {"KEY_CACHE_SECONDS": "-1", "MESSAGE_LIMIT_BYTES": "many", "KEY_CACHE_ENTRIES": "0", "BUS_NAME": ""}
        )
    message = refusal.value.message
    for name in [*WHOLE, "KEY_CACHE_SECONDS", "MESSAGE_LIMIT_BYTES", "KEY_CACHE_ENTRIES"]:
        assert name in message


def test_endpoints__set_ones__win_and_china_has_its_suffix():
    """The local cloud is reached through the variables AWS's own clients read."""
    local = load_settings(WHOLE | {"AWS_ENDPOINT_URL": "http://l:1", "AWS_ENDPOINT_URL_DYNAMODB": "http://d:2"})
    assert local.endpoints == {
        "dynamodb": "http://d:2",
        "kms": "http://l:1",
        "sqs": "http://l:1",
        "events": "http://l:1",
        "s3": "http://l:1",
    }
    china = load_settings(WHOLE | {"AWS_REGION": "cn-north-1"})
    assert china.endpoints["kms"] == "https://kms.cn-north-1.amazonaws.com.cn/"


def test_open_api__each_service__is_addressed_at_its_endpoint():
    """All four services are known; another is a programming error."""
    settings = load_settings(WHOLE)
    assert {open_api(name, settings, lambda: AwsCredentials("a", "b")).service for name in SERVICES} == set(SERVICES)
    with pytest.raises(KeyError):
        open_api("s3", settings, lambda: AwsCredentials("a", "b"))


def test_credentials__in_the_environment__are_taken_without_botocore():
    """A Lambda never pays for botocore's import."""
    before = set(sys.modules)
    source = credentials_from({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_SESSION_TOKEN": "T"})
    assert source() == AwsCredentials("AK", "SK", "T")
    assert not {name for name in set(sys.modules) - before if name.startswith("botocore")}


def test_credentials__elsewhere__come_from_botocore_each_time():
    """Roles rotate their keys, so the chain is asked at every call."""
    with mock.patch("botocore.session.get_session") as session:
        found = session.return_value.get_credentials.return_value
        found.get_frozen_credentials.side_effect = [
            mock.Mock(access_key="A", secret_key="S", token=None),
            mock.Mock(access_key="B", secret_key="S", token="T"),
        ]
        source = credentials_from({})
        assert source() == AwsCredentials("A", "S")
        assert source() == AwsCredentials("B", "S", "T")
        assert session.call_count == 1


def test_credentials__nowhere__is_unavailable():
    """Missing credentials are said as such."""
    with mock.patch("botocore.session.get_session") as session:
        session.return_value.get_credentials.return_value = None
        with pytest.raises(Unavailable, match="no_credentials"):
            credentials_from({})()

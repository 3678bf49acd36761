"""Where the access key comes from: the Lambda environment, or botocore's chain outside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.aws.signer import AwsCredentials, CredentialSource
from chalicelib.kernel.errors import Unavailable


def credentials_from(environ: Mapping[str, str]) -> CredentialSource:
    """A source of credentials. Those in the environment hold for the life of a Lambda's process.

    The source raises Unavailable ``no_credentials`` when there are none.
    """
    access_key = environ.get("AWS_ACCESS_KEY_ID")
    secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        fixed = AwsCredentials(access_key, secret_key, environ.get("AWS_SESSION_TOKEN") or None)
        return lambda: fixed
    return _BotocoreChain()


class _BotocoreChain:
    """Profiles, SSO, instance and container roles: botocore finds and refreshes them."""

    def __init__(self) -> None:
        self._found: Any = None

    def __call__(self) -> AwsCredentials:
        if self._found is None:
            # Costs half a second of CPU to import, and no Lambda needs it.
            from botocore.session import get_session

            self._found = get_session().get_credentials()
        if self._found is None:
            raise Unavailable("no_credentials", "No AWS credentials were found.")
        frozen = self._found.get_frozen_credentials()
        return AwsCredentials(frozen.access_key, frozen.secret_key, frozen.token)

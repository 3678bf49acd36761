"""KMS: wraps and opens small keys, bound to an encryption context."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.api_errors import ApiError
from chalicelib.aws.json_api import JsonApi
from chalicelib.kernel.errors import Unavailable
from chalicelib.privacy.seal_broken import SealBroken

_WRONG_BLOB = frozenset({"InvalidCiphertextException", "IncorrectKeyException", "ValidationException"})


class Kms:
    """Encrypt and decrypt under keys that never leave KMS."""

    def __init__(self, api: JsonApi) -> None:
        self._api = api

    def encrypt(self, key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
        """Wrap up to 4 KB. Raises Unavailable when the key cannot be used."""
        answer = self._call(
            "Encrypt",
            {
                "KeyId": key_id,
                "Plaintext": b64encode(plaintext).decode(),
                "EncryptionContext": dict(context),
            },
        )
        return b64decode(answer["CiphertextBlob"])

    def decrypt(self, key_id: str, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Open what ``encrypt`` made, under the same key and context.

        Raises SealBroken for another key, context or changed bytes, Unavailable when the key cannot
        be used (KMS is down, the key disabled, the grant withdrawn).
        """
        answer = self._call(
            "Decrypt",
            {
                "KeyId": key_id,
                "CiphertextBlob": b64encode(blob).decode(),
                "EncryptionContext": dict(context),
            },
        )
        return b64decode(answer["Plaintext"])

    def _call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._api.call(operation, body)
        except ApiError as error:
            if operation == "Decrypt" and error.code in _WRONG_BLOB:
                raise SealBroken from error
            # A disabled key or a withdrawn grant may come back: work waits and is not lost.
            raise Unavailable("key_unavailable", "A key cannot be used; try again.") from error

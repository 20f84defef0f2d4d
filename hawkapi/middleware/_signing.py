"""Signing what clients keep for us, so that they cannot change it; several keys, so that one can be replaced."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import final

__all__ = ["Signer", "read_keys"]

type Key = str | bytes


@final
class Signer:
    """Signs with the first key, and knows the signatures of all. Immutable, so threads may share it.

    SECURITY: HMAC-SHA256 (RFC 2104); whoever does not have the key can make no signature, and comparing takes the same
    time wherever it differs.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def sign(self, text: str) -> str:
        """Return the signature of an ASCII text: 64 hexadecimal digits."""
        return hmac.new(self._keys[0], text.encode("ascii"), hashlib.sha256).hexdigest()

    def which_key(self, text: str, signature: str) -> int | None:
        """Return which key made a signature, 0 for the one that signs now, or `None` if none did."""
        # Bytes, because `compare_digest` refuses texts that are not ASCII, and clients send what they like.
        given = signature.encode("utf-8", "surrogatepass")
        message = text.encode("utf-8", "surrogatepass")
        for index, key in enumerate(self._keys):
            if hmac.compare_digest(hmac.new(key, message, hashlib.sha256).hexdigest().encode("ascii"), given):
                return index
        return None


def read_keys(name: str, given: Key | Sequence[Key] | None) -> list[bytes]:
    """Return the keys of an option, which is one key or several.

    Raises:
        ValueError: there is none, as where a setting is missing, or one is empty, with which everybody could sign.
    """
    keys = [given] if isinstance(given, str | bytes) else list(given or ())
    encoded = [key.encode("utf-8") if isinstance(key, str) else key for key in keys]
    if not encoded or not all(encoded):
        raise ValueError(f"{name} is empty; make one with secrets.token_urlsafe(32), and keep it secret")
    return encoded

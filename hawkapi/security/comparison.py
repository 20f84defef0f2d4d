"""Comparing secrets in a time that says nothing about them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

__all__ = ["same_secret", "secret_among"]


def same_secret(given: str | bytes, expected: str | bytes) -> bool:
    """Whether two secrets are the same; the time it takes depends neither on where they differ nor on their lengths.

    `==` stops at the first difference, which lets a client guess a secret letter by letter. Texts are compared as
    UTF-8. For passwords compare with a hash made by `hashlib.scrypt` or argon2 instead of keeping the password.
    """
    return hmac.compare_digest(_digest(given), _digest(expected))


def secret_among(given: str | bytes, known: Iterable[str | bytes]) -> bool:
    """Whether a secret is one of those known; all of them are compared, so the time does not say which."""
    digest = _digest(given)
    found = False
    for expected in known:
        found |= hmac.compare_digest(digest, _digest(expected))
    return found


def _digest(secret: str | bytes) -> bytes:
    # SECURITY: `compare_digest` is over at once when lengths differ; digests have one length. What a header field holds
    # may be surrogates, which UTF-8 proper does not have.
    content = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret
    return hashlib.sha256(content).digest()

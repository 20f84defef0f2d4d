"""The keys that tokens are signed with, and which algorithms each is for (RFC 7518 section 3).

SECURITY: a key is for the algorithms of its kind only. What a token says of its algorithm never makes a public key a
secret, which everybody knows, nor a secret a public key.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast, final

HMAC: Final[Mapping[str, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""How many bytes a secret has at least (RFC 7518 section 3.2)."""

KINDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    "ES256": "secp256r1",
    "ES384": "secp384r1",
    "ES512": "secp521r1",
    "EdDSA": "Ed25519",
}
"""The kind of public key that each algorithm takes."""

MIN_RSA_BITS: Final = 2048
"""RFC 7518 section 3.3."""

NEEDED: Final = (
    "needs the package cryptography: pip install 'hawkapi[jwt-crypto]'. It has no wheel for free-threaded CPython "
    "3.13, where only HS256, HS384 and HS512 work"
)


@final
@dataclass(frozen=True, slots=True)
class Key:
    """A key. Immutable."""

    value: Any = field(repr=False)
    kind: str
    """`secret`, `RSA`, or the name of a curve."""
    kid: str | None = None
    algorithm: str | None = None
    """The only one it is for, if it says so."""

    def fits(self, algorithm: str) -> bool:
        """Whether signatures of an algorithm can be verified with it."""
        kind = "secret" if algorithm in HMAC else KINDS.get(algorithm)
        return kind == self.kind and self.algorithm in {None, algorithm}


def secret_key(secret: str | bytes, algorithms: tuple[str, ...]) -> Key:
    """Return a secret as a key.

    Raises:
        ValueError: it is too short for the algorithms, or it is a key that is not secret.
    """
    value = secret.encode() if isinstance(secret, str) else secret
    if b"-----BEGIN" in value or value.startswith((b"ssh-", b"ecdsa-")):
        raise ValueError("secret= is a public or private key; give its public half as public_key=")
    needed = max(HMAC[algorithm] for algorithm in algorithms)
    if len(value) < needed:
        raise ValueError(f"a secret for {max(algorithms)} has at least {needed} bytes (RFC 7518 section 3.2)")
    return Key(value, "secret")


def public_key(pem: str | bytes) -> Key:
    """Return a public key from PEM.

    Raises:
        ImportError: cryptography is missing.
        ValueError: it is no PEM, or no key for signatures, or too short.
    """
    serialization = load_crypto("public_key=")
    try:
        value = serialization.load_pem_public_key(pem.encode() if isinstance(pem, str) else pem)
    except (ValueError, TypeError) as exc:
        raise ValueError("public_key= is no public key in PEM: it begins with -----BEGIN PUBLIC KEY-----") from exc
    kind = kind_of(value)
    if kind is None:
        raise ValueError("public_key= is of a kind that no algorithm takes, or an RSA key below 2048 bits")
    return Key(value, kind)


def read_jwk(entry: Any) -> Key | None:
    """Return the public key that a JWK is (RFC 7517 section 4), or nothing for what is no key for signatures."""
    if not isinstance(entry, dict):
        return None
    members = cast("dict[str, Any]", entry)
    if not is_for_verifying(members):
        return None
    jwt: Any = importlib.import_module("jwt")
    try:
        value = jwt.PyJWK(members).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    kid, kind = members.get("kid"), kind_of(value)
    if kind is None:
        return None
    return Key(value, kind, kid if isinstance(kid, str) else None, members.get("alg"))


def is_for_verifying(members: dict[str, Any]) -> bool:
    """Whether a JWK is a public key for signatures as far as it says itself."""
    operations: object = members.get("key_ops", ["verify"])
    # Lists, not sets: what an issuer publishes may be of any type, and some cannot be hashed.
    is_public = members.get("kty") in ["RSA", "EC", "OKP"] and "d" not in members
    return is_public and members.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def kind_of(value: Any) -> str | None:
    """Return what kind of public key this is, or nothing for one that is of no use."""
    curve = getattr(value, "curve", None)
    if curve is not None:
        return str(curve.name)
    if hasattr(value, "public_numbers"):
        return "RSA" if value.key_size >= MIN_RSA_BITS else None
    # Ed25519 keys have no numbers; X25519 and Ed448 have other names.
    return "Ed25519" if "Ed25519PublicKey" in {cls.__name__ for cls in type(value).__mro__} else None


def load_crypto(what: str) -> Any:
    """Return cryptography's module that reads keys.

    Raises:
        ImportError: it is not installed; the message says for what it is needed, and what works without.
    """
    try:
        return importlib.import_module("cryptography.hazmat.primitives.serialization")
    except ImportError as exc:
        raise ImportError(f"{what} {NEEDED}") from exc

"""JSON Web Tokens (RFC 7519): who signed a token, for whom, and until when. Needs PyJWT, `hawkapi[jwt]`.

SECURITY: as RFC 8725 asks for, the algorithms are configured and a token only chooses among them; secrets are for HMAC
and public keys for signatures, never both in one verifier; `none` is no algorithm; a token must have an end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from hawkapi._optional import load_optional
from hawkapi.di.security import SecurityScopes
from hawkapi.requests.connection import HTTPConnection
from hawkapi.security._authorization import bearer_token, read_authorization
from hawkapi.security._jwt_keys import HMAC, KINDS, Key, load_crypto, public_key, secret_key
from hawkapi.security.base import DescribedScheme, InsufficientScopeError, InvalidTokenError
from hawkapi.security.jwks import JWKSet, fitting

__all__ = ["InvalidTokenError", "JWTBearer", "JWTVerifier"]

MAX_CHARACTERS: Final = 64 * 1024
"""Of a token, as much as the common servers take of all fields together. It is read before its signature is checked, at
a third of a second for a megabyte, and one that came in a body or a message has no other limit."""
COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""header "." payload "." signature, in base64url without padding (RFC 7515 section 3.1)."""
NO_SCOPES: Final = SecurityScopes()
TIMES: Final = ("exp", "nbf", "iat")


class JWTVerifier:
    """Verifies tokens: `claims = await verifier.verify(token)`.

    One of `secret`, `public_key` and `jwks` says with what. Never changed, so threads may share it.

    Args:
        algorithms: those that are accepted: `HS256`, `HS384`, `HS512` with a secret; `RS*`, `PS*`, `ES256`, `ES384`,
            `ES512` and `EdDSA` with public keys, which need the package cryptography (`hawkapi[jwt-crypto]`; it has no
            wheel for 3.13t).
        secret: what tokens are signed with, or several, while one replaces another; as long as the hash at least.
        public_key: of who signs them, in PEM, or several.
        jwks: the keys that the issuer publishes.
        issuer: what `iss` must be, or one of several; default anything.
        audience: what `aud` must name, or one of several; without it a token that names an audience is refused.
        token_type: what `typ` must be, as "at+jwt" (RFC 9068); default anything.
        leeway_s: seconds by which clocks may differ, at least 0, default 30.
        required: claims that must be there, default `exp`.

    Raises:
        ImportError: PyJWT or cryptography is missing.
        TypeError: there is not exactly one of the three, or `algorithms` is one text.
        ValueError: an algorithm is unknown or not for this kind of key, or a key is too weak.
    """

    def __init__(
        self,
        *,
        algorithms: Sequence[str],
        secret: str | bytes | Iterable[str | bytes] | None = None,
        public_key: str | bytes | Iterable[str | bytes] | None = None,
        jwks: JWKSet | None = None,
        issuer: str | Sequence[str] | None = None,
        audience: str | Sequence[str] | None = None,
        token_type: str | None = None,
        leeway_s: float = 30.0,
        required: Iterable[str] = ("exp",),
    ) -> None:
        if sum(given is not None for given in (secret, public_key, jwks)) != 1:
            raise TypeError("JWTVerifier takes one of secret=, public_key= and jwks=")
        # SECURITY: with "not a number" every comparison is false, and no token would ever be too old.
        if not 0 <= leeway_s < math.inf:
            raise ValueError(f"leeway_s is {leeway_s}; it is a number of seconds, at least 0")
        self.algorithms = check_algorithms(algorithms, HMAC if secret is not None else KINDS)
        self._jwt = load_jwt()
        if secret is None:
            load_crypto(self.algorithms[0])
        self._keys = make_keys(secret, public_key, self.algorithms)
        self._jwks = jwks
        self._type = token_type
        self._checks: dict[str, Any] = {
            "issuer": None if issuer is None else several_texts(issuer),
            "audience": None if audience is None else several_texts(audience),
            "leeway": leeway_s,
            "options": {"require": several_texts(required)},
        }

    async def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token, of at most 64 KiB.

        Raises:
            InvalidTokenError: it is not valid (401); the detail only says whether its time is over.
            HTTPException: the issuer's keys cannot be loaded (503).
        """
        # SPEC: RFC 7515 section 2: base64url has no padding, line breaks or white space. PyJWT reads more leniently, so
        # that one token would have several spellings, of which a list of revoked tokens knows one.
        if len(token) > MAX_CHARACTERS or COMPACT.fullmatch(token) is None:
            raise InvalidTokenError
        kid, algorithm = self._read_header(token)
        keys = fitting(self._keys, None, algorithm) if self._jwks is None else await self._jwks.find(kid, algorithm)
        for key in keys:
            claims = self._decode(token, key, algorithm)
            if claims is not None:
                return claims
        raise InvalidTokenError

    def _read_header(self, token: str) -> tuple[str | None, str]:
        """Return which key a token names, and its algorithm."""
        try:
            header: dict[str, Any] = self._jwt.get_unverified_header(token)
        except (self._jwt.PyJWTError, ValueError, RecursionError) as exc:
            raise InvalidTokenError from exc
        algorithm = header.get("alg")
        # SPEC: RFC 7515 section 4.1.11: who does not know what is critical must refuse it, and we know no extension.
        if not isinstance(algorithm, str) or algorithm not in self.algorithms or "crit" in header:
            raise InvalidTokenError
        if self._type is not None and not is_type(header.get("typ"), self._type):
            raise InvalidTokenError
        return header.get("kid"), algorithm

    def _decode(self, token: str, key: Key, algorithm: str) -> dict[str, Any] | None:
        """Return the claims of a token that was signed with a key, or nothing where it was not."""
        try:
            claims: dict[str, Any] = self._jwt.decode(token, key.value, algorithms=[algorithm], **self._checks)
        except self._jwt.InvalidSignatureError:
            return None
        except self._jwt.ExpiredSignatureError as exc:
            raise InvalidTokenError("The token has expired") from exc
        except (self._jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as exc:
            raise InvalidTokenError from exc
        if not all(is_time(claims.get(name, 0)) for name in TIMES):
            raise InvalidTokenError
        return claims


class JWTBearer(DescribedScheme):
    """A bearer token that is verified: `Depends(JWTBearer(verifier))` is its claims, a dict.

    Without a token, or with one that is not valid, the client sees 401. Never changed, so threads may share it.

    Args:
        verifier: what tokens must be.
        scope_claim: the claim that must hold all scopes of the route, as "scope" (RFC 9068 section 2.2.3) or "scp": a
            text with spaces between them, or a list; otherwise the client sees 403. Default none, and then scopes are
            for who depends on this to compare.
        auto_error: whether requests without a token are answered with 401, default yes; otherwise they give `None`. A
            token that is not valid is answered with 401 in any case.
        scheme_name: what the API's description calls the scheme, default the name of its class.
        description: for the API's description, default none.
    """

    challenge = "Bearer"
    verifies = True
    """For the API's description: a token that is not valid is refused, be it required or not."""

    def __init__(
        self,
        verifier: JWTVerifier,
        *,
        scope_claim: str | None = None,
        auto_error: bool = True,
        scheme_name: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(auto_error=auto_error, scheme_name=scheme_name, description=description)
        self.verifier = verifier
        self.scope_claim = scope_claim

    async def __call__(self, request: HTTPConnection, scopes: SecurityScopes = NO_SCOPES) -> dict[str, Any] | None:
        """Return the claims.

        Raises:
            MissingCredentialError: there is no token (401).
            InvalidTokenError: it is not valid (401).
            InsufficientScopeError: it lacks scopes of the route (403).
            HTTPException: the issuer's keys cannot be loaded (503).
        """
        found = read_authorization(request)
        token = None if found is None else bearer_token(found)
        if token is None:
            self.refuse("Not authenticated" if found is None else "Invalid authentication credentials")
            return None
        claims = await self.verifier.verify(token)
        if self.scope_claim is not None and not scopes_in(claims.get(self.scope_claim)).issuperset(scopes.scopes):
            raise InsufficientScopeError(scopes.scopes)
        return claims

    def _describe(self) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def scopes_in(claim: object) -> set[str]:
    """Return the scopes that a claim holds: a text with spaces between them, or a list; none in anything else."""
    if isinstance(claim, str):
        return set(claim.split(" "))
    return (
        {scope for scope in cast("list[object]", claim) if isinstance(scope, str)} if isinstance(claim, list) else set()
    )


def load_jwt() -> Any:
    """Return PyJWT, which is only loaded where tokens are verified.

    Raises:
        ImportError: it is not installed.
    """
    return load_optional("jwt", needed_by="JWTVerifier", package="PyJWT", extra="jwt")


def check_algorithms(algorithms: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the algorithms of a verifier.

    Raises:
        TypeError: it is one text instead of several.
        ValueError: there is none, or one is not for the kind of key.
    """
    if isinstance(algorithms, str):
        raise TypeError(f"algorithms is the text {algorithms!r}; write a list: algorithms=[{algorithms!r}]")
    allowed = tuple(known)
    wrong = [algorithm for algorithm in algorithms if algorithm not in allowed]
    if wrong or not algorithms:
        raise ValueError(f"algorithms= has {wrong or 'nothing'}; with this kind of key it takes {', '.join(allowed)}")
    return tuple(algorithms)


def make_keys(
    secret: str | bytes | Iterable[str | bytes] | None,
    pem: str | bytes | Iterable[str | bytes] | None,
    algorithms: tuple[str, ...],
) -> tuple[Key, ...]:
    """Return the keys of a verifier that has them itself.

    Raises:
        ImportError: cryptography is missing.
        ValueError: there is none, or one is not good for the algorithms.
    """
    if secret is None and pem is None:
        return ()
    if secret is not None:
        keys = tuple(secret_key(value, algorithms) for value in several(secret))
    else:
        keys = tuple(public_key(value) for value in several(pem or ()))
    unused = [algorithm for algorithm in algorithms if not any(key.fits(algorithm) for key in keys)]
    if unused:
        raise ValueError(f"no key is for {', '.join(unused)}; leave out algorithms that are not used")
    return keys


def several(values: str | bytes | Iterable[str | bytes]) -> tuple[str | bytes, ...]:
    """Return one value, or several, as a tuple."""
    return (values,) if isinstance(values, str | bytes) else tuple(values)


def several_texts(values: str | Iterable[str]) -> list[str]:
    """Return one text, or several, as a list that nobody else has."""
    return [values] if isinstance(values, str) else list(values)


def is_time(value: object) -> bool:
    """Whether a claim is a NumericDate (RFC 7519 section 2): PyJWT takes texts and truth values for numbers too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_type(given: object, expected: str) -> bool:
    """Whether a token is of a type; "application/" may stand before it, and case does not count (RFC 7515 4.1.9)."""
    if not isinstance(given, str):
        return False
    return given.lower().removeprefix("application/") == expected.lower().removeprefix("application/")

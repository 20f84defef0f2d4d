"""Failing cases made small by leaving out what the failure does not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from fuzzing.cases import Case

MAX_ATTEMPTS: Final = 3000
"""How many smaller cases are tried at most; a case that hangs takes its budget each time."""


class _OutOfAttemptsError(Exception):
    pass


def shrink(case: Case, fails: Callable[[Case], bool], max_attempts: int = MAX_ATTEMPTS) -> Case:
    """Return a case that still fails and of which no single part can be left out.

    Args:
        case: one that fails.
        fails: whether a case fails in the same way.
        max_attempts: how often to ask at most; then the smallest so far is returned.
    """
    smallest = case
    attempts = 0

    def attempt(candidate: Case) -> bool:
        nonlocal smallest, attempts
        attempts += 1
        if attempts > max_attempts:
            raise _OutOfAttemptsError
        if not fails(candidate):
            return False
        smallest = candidate
        return True

    try:
        before: Case | None = None
        while before != smallest:
            before = smallest
            for reduce in (_reduce_whole, _reduce_headers, _reduce_body, _reduce_target):
                reduce(smallest, attempt)
    except _OutOfAttemptsError:
        pass
    return smallest


Attempt = Callable[[Case], bool]


def _reduce_whole(case: Case, attempt: Attempt) -> None:
    """Leave out whole members."""
    for change in ({"headers": ()}, {"chunks": ()}, {"query": b""}, {"leaves": False}, {"method": "GET"}):
        candidate = replace(case, **change)
        if candidate != case and attempt(candidate):
            case = candidate
    if len(case.chunks) > 1:
        attempt(case.in_one_chunk())


def _reduce_headers(case: Case, attempt: Attempt) -> None:
    """Leave out fields, then parts of their values."""
    headers = minimised(case.headers, lambda kept: attempt(replace(case, headers=kept)))
    for index, (name, value) in enumerate(headers):
        before, after = headers[:index], headers[index + 1 :]
        shorter = minimised(value, _field_attempt(case, attempt, before, name, after))
        headers = (*before, (name, shorter), *after)


def _field_attempt(
    case: Case,
    attempt: Attempt,
    before: tuple[tuple[bytes, bytes], ...],
    name: bytes,
    after: tuple[tuple[bytes, bytes], ...],
) -> Callable[[bytes], bool]:
    return lambda value: attempt(replace(case, headers=(*before, (name, value), *after)))


def _reduce_body(case: Case, attempt: Attempt) -> None:
    """Leave out chunks, then bytes of each."""
    chunks = minimised(case.chunks, lambda kept: attempt(replace(case, chunks=kept)))
    for index, chunk in enumerate(chunks):
        before, after = chunks[:index], chunks[index + 1 :]
        shorter = minimised(chunk, _chunk_attempt(case, attempt, before, after))
        chunks = (*before, shorter, *after)


def _chunk_attempt(
    case: Case, attempt: Attempt, before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> Callable[[bytes], bool]:
    return lambda chunk: attempt(replace(case, chunks=(*before, chunk, *after)))


def _reduce_target(case: Case, attempt: Attempt) -> None:
    """Leave out parts of the query and of the path."""
    query = minimised(case.query, lambda kept: attempt(replace(case, query=kept)))
    case = replace(case, query=query)
    minimised(case.path, lambda kept: kept.startswith(b"/") and attempt(replace(case, path=kept)))


def minimised[S: (bytes, tuple[bytes, ...], tuple[tuple[bytes, bytes], ...])](
    sequence: S, works: Callable[[S], bool]
) -> S:
    """Return a part of a sequence that works and of which no single element can be left out.

    Larger pieces are tried first (delta debugging), so a long sequence needs few attempts.
    """
    size = len(sequence)
    while size >= 1 and sequence:
        for start in _positions(len(sequence), size):
            candidate = sequence[:start] + sequence[start + size :]
            if len(candidate) < len(sequence) and works(candidate):
                sequence = candidate
        size //= 2
    return sequence


def _positions(length: int, size: int) -> Iterator[int]:
    """Yield where pieces of a size begin, the last first, so that leaving one out does not move those to come."""
    yield from range((length - 1) // size * size, -1, -size)

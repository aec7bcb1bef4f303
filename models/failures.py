"""Why a place could not give its files: any exception as one phrase that names the place and the reason.

Knows the causes (sockets, disks, HTTP) and not the clients, which wrap the same few causes in exceptions of their own.
"""

from __future__ import annotations

import errno
import json
import socket
import ssl
from collections.abc import Iterator

from models.errors import Phrase, phrase

_FULL = {errno.ENOSPC, errno.EDQUOT}
_LOCKED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_WAY_THERE = {errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_BY_STATUS = {
    401: "failures.refused",
    403: "failures.refused",
    404: "failures.missing",
    408: "failures.timed_out",
    429: "failures.too_many",
}


class Missing(Exception):
    """The place answered: it has no such model."""


class NotDownloaded(Exception):
    """Nothing of the model, or only a part of it, lies on this machine."""


class NoClient(Exception):
    """The Python package that speaks with the place is not installed. Its argument: what to pip install."""


class BrokenFile(OSError):
    """The bytes that came are not those that were announced."""


def named(place: str, error: BaseException) -> Phrase:
    """The phrase for what went wrong at a place (an address)."""
    causes = list(_causes(error))
    if isinstance(error, NoClient):
        return phrase("failures.no_client", place=place, package=str(error))
    if key := _by_kind(causes) or _by_disk(causes):
        return phrase(key, place=place)
    for status in filter(None, map(_status, causes)):
        key = _BY_STATUS.get(status, "failures.down" if status >= 500 else "failures.status")
        return phrase(key, place=place, status=status)
    return phrase(_by_connection(causes), place=place)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what led to it, outermost first; also where a client hides it with `raise … from None`."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status that an exception of huggingface_hub, requests or modelscope_hub carries."""
    status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _by_kind(causes: list[BaseException]) -> str | None:
    if isinstance(causes[0], Missing):
        return "failures.missing"
    return "failures.broken_file" if any(isinstance(cause, BrokenFile) for cause in causes) else None


def _by_disk(causes: list[BaseException]) -> str | None:
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if numbers & _FULL:
        return "failures.disk_full"
    return "failures.disk_locked" if numbers & _LOCKED else None


def _by_connection(causes: list[BaseException]) -> str:
    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if is_any(json.JSONDecodeError):  # requests makes an OSError of it
        return "failures.unreadable"
    if is_any(ssl.SSLError):
        return "failures.certificate"
    if is_any(TimeoutError):
        return "failures.timed_out"
    if is_any(socket.gaierror) or any(isinstance(c, OSError) and c.errno in _NO_WAY_THERE for c in causes):
        return "failures.unreachable"
    if is_any(OSError) or any(_is_of_http(cause) for cause in causes):
        return "failures.broke_off"
    return "failures.unreadable" if is_any(ValueError, KeyError) else "failures.other"


def _is_of_http(cause: BaseException) -> bool:
    """An error of the HTTP libraries beneath the clients, where no socket said why."""
    return type(cause).__module__.partition(".")[0] in {"httpx2", "httpcore2", "http", "urllib3", "requests"}

"""Each failure of a place is one phrase in both languages: the place and the reason, never a trace or a Python name."""

from __future__ import annotations

import builtins
import errno
import json
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from demos.errors import Reporter
from demos.i18n import Strings
from models import errors, failures
from models.errors import SourceFailed, UnknownModel, phrase

PLACE = "https://hub.example"
STRINGS = Strings.load()
PHRASES = {
    key: words
    for key, words in json.loads(
        (Path(__file__).resolve().parents[1] / "assets" / "strings" / "errors.json").read_text("utf-8")
    ).items()
    if key.startswith("failures.")
}


class Answered(Exception):
    """As huggingface_hub and requests carry a status; modelscope_hub has it on itself."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Client error '{status}'")
        self.response = type("Response", (), {"status_code": status})()


class Wrapped(Exception):
    """A client's own name for what a socket or a disk said."""


def caused_by(cause: BaseException) -> Exception:
    try:
        raise Wrapped("see the cause") from cause
    except Wrapped as error:
        return error


def hiding(cause: BaseException) -> Exception:
    try:
        try:
            raise cause
        except type(cause):
            raise Wrapped("from None") from None
    except Wrapped as error:
        return error


def unreadable() -> Exception:
    try:
        json.loads("<html>")
    except ValueError as error:
        return error


def of_http() -> Exception:
    import httpx2

    return httpx2.RemoteProtocolError("peer closed connection without sending complete message body")


MADE: dict[str, list[Callable[[], Exception]]] = {
    "failures.unreachable": [
        lambda: caused_by(ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
        lambda: hiding(socket.gaierror(-2, "Name or service not known")),
        lambda: OSError(errno.ENETUNREACH, "Network is unreachable"),
    ],
    "failures.timed_out": [lambda: caused_by(TimeoutError("timed out")), lambda: Answered(408)],
    "failures.certificate": [lambda: caused_by(ssl.SSLCertVerificationError("self-signed certificate"))],
    "failures.broke_off": [
        lambda: ConnectionResetError(errno.ECONNRESET, "reset"),
        of_http,
        lambda: caused_by(OSError("Consistency check failed")),
    ],
    "failures.refused": [lambda: Answered(401), lambda: caused_by(Answered(403))],
    "failures.missing": [lambda: failures.Missing("tea/nowhere"), lambda: Answered(404)],
    "failures.too_many": [lambda: Answered(429)],
    "failures.down": [lambda: Answered(500), lambda: Answered(503)],
    "failures.status": [lambda: Answered(418)],
    "failures.unreadable": [unreadable, lambda: KeyError("siblings")],
    "failures.broken_file": [lambda: caused_by(failures.BrokenFile("model.safetensors has the hash 0"))],
    "failures.disk_full": [lambda: caused_by(OSError(errno.ENOSPC, "No space left on device"))],
    "failures.disk_locked": [lambda: PermissionError(errno.EACCES, "Permission denied")],
    "failures.no_client": [lambda: failures.NoClient("modelscope-hub")],
    "failures.other": [lambda: RuntimeError("secret detail")],
}
CASES = [(key, make) for key, makers in MADE.items() for make in makers]
PYTHON_NAMES = {
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
} | {"Wrapped", "Answered", "ConnectError", "RemoteProtocolError", "Traceback"}


def test_every_phrase_of_the_table_has_an_exception_that_leads_to_it() -> None:
    assert set(MADE) == set(PHRASES)


@pytest.mark.parametrize(("key", "make"), CASES)
def test_an_exception_is_named_by_its_cause(key: str, make: Callable[[], Exception]) -> None:
    named = failures.named(PLACE, make())
    assert named["key"] == key
    assert named["values"]["place"] == PLACE
    assert json.loads(json.dumps(named)) == named


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("key", "make"), CASES)
def test_the_visitor_reads_the_place_and_the_reason_in_their_language(
    key: str, make: Callable[[], Exception], lang: str
) -> None:
    error = SourceFailed("errors.hub_unreachable", model="tea/oolong", tried=[failures.named(PLACE, make())])
    sentence = Reporter(STRINGS).sentence(error, lang)
    assert PLACE in sentence
    assert STRINGS.text(key, lang, place=PLACE, status=429, package="modelscope-hub")[:8] in sentence
    assert not any(re.search(rf"\b{name}\b", sentence) for name in PYTHON_NAMES)
    assert "secret detail" not in sentence
    assert "{" not in sentence
    assert bool(re.search(r"[\u4e00-\u9fff]", sentence)) == (lang == "zh")


def test_several_failures_stand_in_their_order_within_one_sentence() -> None:
    tried = [phrase("failures.timed_out", place="https://a"), phrase("failures.down", place="https://b", status=503)]
    error = SourceFailed("errors.hub_unreachable", model="tea/oolong", tried=tried)
    chinese, english = (Reporter(STRINGS).sentence(error, lang) for lang in ("zh", "en"))
    assert "https://a 迟迟没有回答；https://b 自己出了故障（HTTP 503）" in chinese
    assert "https://a did not answer in time; https://b has a fault of its own (HTTP 503)" in english
    assert chinese.count("。") == 1


def test_a_name_that_no_place_has_is_answered_with_each_place() -> None:
    tried = [phrase("failures.missing", place=place) for place in ("https://a", "https://b")]
    sentence = STRINGS.text("errors.unknown_repository", "en", model="tea/nowhere", tried=tried)
    assert "https://a has no such public model; https://b has no such public model" in sentence


def test_failures_pass_through_the_events_of_a_fine_tuning_run() -> None:
    from models.finetune.telling import plain

    error = UnknownModel("errors.unknown_repository", model="x", tried=[phrase("failures.missing", place=PLACE)])
    values = json.loads(json.dumps(plain(error.values)))
    assert PLACE in STRINGS.text(error.key, "zh", **values)
    assert isinstance(error, errors.TeahouseError)

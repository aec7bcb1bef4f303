"""A small Hub on loopback: the part of its HTTP protocol that huggingface_hub's own client speaks to fetch a model.

Repositories are folders. It can cut a file off, be slow, refuse, gate a repository, and remembers every request. Knows no
test.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LFS_SUFFIXES = (".safetensors", ".bin", ".pt", ".h5")
CHUNK = 256 * 1024
_API = re.compile(r"/api/models/([^/]+/[^/]+?)(?:/(revision|tree)/([^/]+))?/?")
_FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


@dataclass(frozen=True)
class Seen:
    """One request: what was asked, and the Range header where there was one."""

    method: str
    path: str
    range: str | None = None


@dataclass
class Cut:
    """A file that breaks off after its first `after` bytes, `times` times (None: always)."""

    after: int
    times: int | None = 1


@dataclass
class Repository:
    """One model of the server. A revision is a name for the commit; sizes may be lied about to try the bounds."""

    folder: Path
    gated: bool = False
    private: bool = False
    revisions: dict[str, str] = field(default_factory=lambda: {"main": "c0ffee" * 6 + "abcd"})
    claimed_sizes: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, Cut] = field(default_factory=dict)
    spoilt: set[str] = field(default_factory=set)  # files whose first byte is sent wrong

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def commit(self, revision: str) -> str | None:
        return revision if revision in self.revisions.values() else self.revisions.get(revision)


class HubServer:
    """Serves while its `running` block lasts. Add models with `add`."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.requests: list[Seen] = []
        self.delay = 0.0  # seconds before each answer
        self.status: int | None = None  # of every answer, with a page that is no JSON; None: as it should be
        self.chunk_delay = 0.0  # seconds between two chunks of a file
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    def _handler(self) -> type[Handler]:
        return type("Answering", (Handler,), {"hub": self})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def add(self, name: str, folder: Path, **options: object) -> Repository:
        repository = self.repositories[name] = Repository(folder, **options)
        return repository

    @contextmanager
    def running(self) -> Iterator[HubServer]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop()
            thread.join(timeout=10)

    def stop(self) -> None:
        """Afterwards connections are refused. Harmless when stopped before."""
        self._http.shutdown()
        self._http.server_close()

    def seen(self, part: str, method: str | None = None) -> list[Seen]:
        """The requests whose path contains `part`."""
        with self._lock:
            return [seen for seen in self.requests if part in seen.path and method in (None, seen.method)]

    def remember(self, seen: Seen) -> None:
        with self._lock:
            self.requests.append(seen)

    def cut_now(self, repository: Repository, name: str) -> Cut | None:
        """The cut that applies to this request, counted down."""
        with self._lock:
            cut = repository.cuts.get(name)
            if cut is None or cut.times == 0:
                return None
            if cut.times is not None:
                cut.times -= 1
            return cut


class Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Requests are remembered, not logged."""

    def _answer(self) -> None:
        self.hub.remember(Seen(self.command, unquote(self.path), self.headers.get("Range")))
        time.sleep(self.hub.delay)
        if self.hub.status:
            self._page(self.hub.status)
        else:
            self._route()

    def _route(self) -> None:
        if match := _API.fullmatch(urlsplit(self.path).path):
            self._api(unquote(match[1]), match[2], unquote(match[3] or "main"))
        elif match := _FILE.fullmatch(urlsplit(self.path).path):
            self._resolve(unquote(match[1]), unquote(match[2]), unquote(match[3]))
        else:
            self._refuse(404, "")

    def _find(self, name: str, revision: str) -> tuple[Repository, str] | None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            return self._refuse(401, "RepoNotFound")  # so the Hub answers those who have not signed in
        commit = repository.commit(revision)
        if commit is None:
            return self._refuse(404, "RevisionNotFound")
        return repository, commit

    def _api(self, name: str, kind: str | None, revision: str) -> None:
        if found := self._find(name, revision):
            repository, commit = found
            listing = [_described(repository, path) for path in repository.files()]
            self._say(200, listing if kind == "tree" else _info(name, commit, repository, listing))

    def _resolve(self, name: str, revision: str, file: str) -> None:
        found = self._find(name, revision)
        if found is None:
            return
        repository, commit = found
        path = repository.folder / file
        if repository.gated:
            self._refuse(401, "GatedRepo")
        elif not path.is_file():
            self._refuse(404, "EntryNotFound", {"X-Repo-Commit": commit})
        else:
            self._send_file(repository, path, commit)

    def _send_file(self, repository: Repository, path: Path, commit: str) -> None:
        described = _described(repository, path)
        headers = {"X-Repo-Commit": commit, "ETag": f'"{described["oid"]}"'}
        if "lfs" in described:
            headers |= {"X-Linked-Etag": f'"{described["lfs"]["oid"]}"', "X-Linked-Size": str(path.stat().st_size)}
        self._send_bytes(repository, path, headers)

    def _send_bytes(self, repository: Repository, path: Path, headers: dict[str, str]) -> None:
        """The file, or the part of it that a Range header asks for; cut and spoilt as the repository says."""
        body = path.read_bytes()
        if path.name in repository.spoilt:
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        start = _range_start(self.headers.get("Range"))
        if start:
            headers |= {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        headers |= {"Accept-Ranges": "bytes", "Content-Length": str(len(body) - start)}
        self._head(206 if start else 200, headers)
        if self.command == "GET":
            cut = self.hub.cut_now(repository, path.name)
            self._send_body(body[start : cut.after if cut else None], broken=cut is not None)

    def _send_body(self, body: bytes, broken: bool) -> None:
        for offset in range(0, len(body), CHUNK):
            self.wfile.write(body[offset : offset + CHUNK])
            time.sleep(self.hub.chunk_delay)
        if broken:
            self.wfile.flush()
            self.close_connection = True

    def _say(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _page(self, status: int) -> None:
        body = b"<h1>tea</h1>"
        self._head(status, {"Content-Type": "text/html", "Content-Length": str(len(body))})
        self.wfile.write(body if self.command == "GET" else b"")

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._head(status, {"X-Error-Code": code, "X-Error-Message": code, "Content-Length": "0"} | (headers or {}))

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _range_start(header: str | None) -> int:
    match = re.fullmatch(r"bytes=(\d+)-", header or "")
    return int(match[1]) if match else 0


def _described(repository: Repository, path: Path) -> dict:
    """A file as the tree listing has it: git's hash of the blob, and the sha256 of what lies in LFS."""
    body, name = path.read_bytes(), path.relative_to(repository.folder).as_posix()
    size = repository.claimed_sizes.get(name, len(body))
    entry = {
        "type": "file",
        "path": name,
        "size": size,
        "oid": hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest(),
    }
    if name.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"oid": hashlib.sha256(body).hexdigest(), "size": size, "pointerSize": 135}
    return entry


def _info(name: str, commit: str, repository: Repository, listing: list[dict]) -> dict:
    return {
        "id": name,
        "modelId": name,
        "sha": commit,
        "private": repository.private,
        "gated": "manual" if repository.gated else False,
        "siblings": [_sibling(entry) for entry in listing],
    } | _safetensors(repository)


def _sibling(entry: dict) -> dict:
    lfs = entry.get("lfs")
    sibling = {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
    return sibling | ({"lfs": {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": 135}} if lfs else {})


def _safetensors(repository: Repository) -> dict:
    """The Hub counts parameters itself where a repository has safetensors."""
    from models import checkpoint

    total = checkpoint.parameters(repository.folder)
    return {"safetensors": {"parameters": {"F32": total}, "total": total}} if total else {}

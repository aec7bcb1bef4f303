"""The small Hub of hub_server.py with the part of its protocol that a push speaks: create, preupload, LFS, commit.

Only a token that it knows may write, and only under its own names. Pushed repositories are folders; every body that came
is remembered. Knows no test.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hub_server import LFS_SUFFIXES, Handler, HubServer, Repository, Seen

_PREUPLOAD = re.compile(r"/api/models/([^/]+/[^/]+)/preupload/[^/]+")
_COMMIT = re.compile(r"/api/models/([^/]+/[^/]+)/commit/[^/]+")
_BATCH = re.compile(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch")
_OBJECT = re.compile(r"/lfs/([0-9a-f]{64})")


class PushServer(HubServer):
    """A Hub that people may write to. folder: where pushed repositories lie."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.tokens: dict[str, str] = {}  # token -> the namespace that it may write to
        self.objects: dict[str, bytes] = {}  # sha256 -> a large file
        self.breaks_off_at = ""  # a part of a path: the connection is closed there without an answer

    def _handler(self) -> type[PushHandler]:
        return type("Answering", (PushHandler,), {"hub": self})


class PushHandler(Handler):
    hub: PushServer

    def do_POST(self) -> None:
        self._written()

    def do_PUT(self) -> None:
        self._written()

    def _written(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.remember(Seen(self.command, path))
        body = self._body()
        if self.hub.breaks_off_at and self.hub.breaks_off_at in path:
            self.close_connection = True
        elif match := _OBJECT.fullmatch(path):
            self.hub.objects[match[1]] = body
            self._say(200, {})
        else:
            self._route_post(path, body)

    def _route_post(self, path: str, body: bytes) -> None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.hub.tokens:
            self._refuse(401, "")
        elif path == "/api/validate-yaml":
            self._say(200, {"errors": [], "warnings": []})
        elif path == "/api/repos/create":
            self._create(json.loads(body), self.hub.tokens[token])
        elif match := _PREUPLOAD.fullmatch(path):
            self._say(200, {"files": [_mode(file["path"]) for file in json.loads(body)["files"]]})
        elif match := _BATCH.fullmatch(path):
            self._say(200, {"transfer": "basic", "objects": list(map(self._upload, json.loads(body)["objects"]))})
        elif match := _COMMIT.fullmatch(path):
            self._commit(match[1], [json.loads(line) for line in body.splitlines()])
        else:
            self._refuse(404, "")

    def _create(self, asked: dict[str, Any], namespace: str) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] != namespace:
            return self._refuse(403, "")
        if name in self.hub.repositories:
            return self._refuse(409, "")
        folder = self.hub.folder / asked["name"]
        folder.mkdir()
        self.hub.repositories[name] = Repository(folder, private=asked.get("visibility") == "private")
        return self._say(200, {"url": f"{self.hub.url}/{name}"})

    def _upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        href = f"{self.hub.url}/lfs/{wanted['oid']}"
        return {"oid": wanted["oid"], "size": wanted["size"], "actions": {"upload": {"href": href, "header": {}}}}

    def _commit(self, name: str, operations: list[dict[str, Any]]) -> None:
        folder = self.hub.repositories[name].folder
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                _put(folder / value["path"], base64.b64decode(value["content"]))
            elif operation["key"] == "lfsFile":
                _put(folder / value["path"], self.hub.objects[value["oid"]])
        self._say(200, {"commitUrl": f"{self.hub.url}/{name}/commit/1", "commitOid": "1" * 40, "success": True})

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)


def _mode(path: str) -> dict[str, Any]:
    return {"path": path, "uploadMode": "lfs" if path.endswith(LFS_SUFFIXES) else "regular", "shouldIgnore": False}


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

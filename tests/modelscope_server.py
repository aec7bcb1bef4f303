"""A small ModelScope on loopback: the part of its HTTP protocol that its own client speaks to list and fetch a model.

Written after the client (modelscope_hub 0.5.1), whose fields and paths these are; never seen beside the real server.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from hub_server import Handler, HubServer, Repository

_MODEL = re.compile(r"/api/v1/models/([^/]+/[^/]+)/repo(/files)?")


class ModelScopeServer(HubServer):
    """Serves while its `running` block lasts. Its main branch is called master."""

    def add(self, name: str, folder: Path, **options: object) -> Repository:
        return super().add(name, folder, **{"revisions": {"master": "c0ffee" * 6 + "abcd"}} | options)

    def _handler(self) -> type[Handler]:
        return type("Answering", (_ModelScopeHandler,), {"hub": self})


class _ModelScopeHandler(Handler):
    hub: ModelScopeServer

    def _route(self) -> None:
        url = urlsplit(self.path)
        match, asked = _MODEL.fullmatch(unquote(url.path)), parse_qs(url.query)
        repository = self.hub.repositories.get(match[1]) if match else None
        if repository is None or repository.commit(asked.get("Revision", ["master"])[0]) is None:
            self._say(404, {"Code": 10010205001, "Success": False, "Message": "not found"})
        elif repository.gated:
            self._say(403, {"Code": 10010203001, "Success": False, "Message": "access denied"})
        elif match[2]:
            files = [_listed(repository, path) for path in repository.files()]
            self._say(200, {"Code": 200, "Success": True, "Data": {"Files": files}})
        else:
            self._send_bytes(repository, repository.folder / asked["FilePath"][0], {})


def _listed(repository: Repository, path: Path) -> dict:
    name, body = path.relative_to(repository.folder).as_posix(), path.read_bytes()
    return {
        "Type": "blob",
        "Path": name,
        "Name": path.name,
        "Size": repository.claimed_sizes.get(name, len(body)),
        "Sha256": hashlib.sha256(body).hexdigest(),
    }

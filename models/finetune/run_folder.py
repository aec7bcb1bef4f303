"""The files of one run, through which worker and store speak: request, data, events, process, checkpoint, model.

Reads and writes them; decides nothing. Events are JSON objects, one a line, only ever appended.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.finetune.request import FinetuneRequest
from models.finetune.split import Split
from models.settings import Settings
from models.spec import ModelSpec


class RunFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.events_file = path / "events.jsonl"
        self.process_file = path / "process.json"
        self.worker_lock = path / "worker.lock"  # held by the worker for as long as it lives
        self.checkpoint = path / "checkpoint.safetensors"
        self.model = path / "model"
        self.log = path / "log.txt"

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def is_run(self) -> bool:
        """False for one that is only being made, or thrown away."""
        return (self.path / "request.json").is_file()

    @property
    def has_model(self) -> bool:
        return (self.model / "config.json").is_file()

    def request(self) -> FinetuneRequest:
        """The request; its file is the run's own copy."""
        values = json.loads((self.path / "request.json").read_text(encoding="utf-8"))
        return FinetuneRequest.from_json(values | {"file": str(self.path / values["file"])})

    def write_request(self, request: FinetuneRequest) -> None:
        """Its file is named relative to the folder, which may be moved."""
        values = request.to_json() | {"file": Path(request.file).name}
        write_whole(self.path / "request.json", json.dumps(values, ensure_ascii=False, indent=1))

    def settings(self) -> Settings:
        values = json.loads((self.path / "settings.json").read_text(encoding="utf-8"))
        return Settings(**values | {"home": Path(values["home"]), "endpoints": tuple(values["endpoints"])})

    def write_settings(self, settings: Settings) -> None:
        """The bounds and places of the store that starts the run: the worker has no other source of them."""
        write_whole(self.path / "settings.json", json.dumps(asdict(settings), default=str))

    def write_visitor(self, mark: str) -> None:
        """Who started the run: see shelf.visitor_mark."""
        write_whole(self.path / "visitor.txt", mark)

    def visitor(self) -> str:
        path = self.path / "visitor.txt"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def write_split(self, split: Split) -> None:
        """The rows that everything which is compared shares, by their place among the examples."""
        write_whole(self.path / "split.json", json.dumps(asdict(split), ensure_ascii=False))

    def split(self) -> Split:
        """FileNotFoundError before the run has prepared its data."""
        values = json.loads((self.path / "split.json").read_text(encoding="utf-8"))
        return Split(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    def append(self, **event: Any) -> None:
        """In one write. A last line that broke off with its writer is ended first, so that it spoils no other."""
        line = json.dumps({"at": round(time.time(), 3), **event}, ensure_ascii=False).encode() + b"\n"
        with self.events_file.open("ab") as file:
            if file.tell() and self._breaks_off():
                line = b"\n" + line
            file.write(line)

    def events(self) -> Iterator[dict[str, Any]]:
        """All events so far. A last line that is still being written, or broke off with its process, is left out."""
        if not self.events_file.is_file():
            return
        for line in self.events_file.read_bytes().split(b"\n")[:-1]:
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def _breaks_off(self) -> bool:
        with self.events_file.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"

    def write_process(self, pid: int, created: float) -> None:
        write_whole(self.process_file, json.dumps({"pid": pid, "created": created}))

    def process(self) -> tuple[int, float] | None:
        """Process id and the time it was created; None where none was started since the run was queued."""
        try:
            values = json.loads(self.process_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return values["pid"], values["created"]


def spec_of_run(runs: Path, run_id: str) -> ModelSpec:
    """The model of another run under `runs`, from which a run may start. The store has looked up before that there is one."""
    folder = RunFolder(runs / run_id)
    return ModelSpec(name=f"run:{run_id}", task=folder.request().task, source=str(folder.model), origin="run")


def write_whole(path: Path, text: str) -> None:
    """Readers find the old file or the new one, never half of one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # app and worker may write the same file
    part.write_text(text, encoding="utf-8")
    part.replace(path)

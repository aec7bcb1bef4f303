"""A plan on demand: a process of its own measures, the arithmetic of plan.py reckons. Imports no torch.

One measures at a time: two at once would measure each other.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from models import memory
from models.errors import BadInput, Busy, TeahouseError
from models.finetune import plan
from models.finetune.measured import Measured
from models.finetune.plan import Plan
from models.finetune.process import launch
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.settings import MB, Settings

logger = logging.getLogger(__name__)
Tell = Callable[[str, float], None]  # phase and how much of it is done, 0 to 1
_LONGEST = 300.0  # seconds until a measuring is given up
_WAIT = 120.0  # seconds for another's to end
_TICK = 0.2


def silent(phase: str, share: float) -> None:
    """A Tell for those who do not ask."""


class Planner:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()

    def plan(self, request: FinetuneRequest, minutes: float = 0, tell: Tell = silent) -> Plan:
        """What the request will take; with minutes, what of it fits them. The request has been checked.

        BadInput where the machine has not the memory, or the minutes are too few; Busy while others are measured.
        """
        if not self._lock.acquire(timeout=_WAIT):
            raise Busy("errors.others_are_planning")
        try:
            measured = self._measured(request, _ways(request) if minutes else (), tell)
        finally:
            self._lock.release()
        planned = plan.fit(request, measured, minutes) if minutes else plan.reckon(request, measured)
        refuse_too_large(planned.peak_bytes)
        return planned

    def _measured(self, request: FinetuneRequest, ways: tuple[FinetuneRequest, ...], tell: Tell) -> Measured:
        with tempfile.TemporaryDirectory(prefix="teahouse-plan-") as path:
            folder = RunFolder(Path(path))
            copy = shutil.copyfile(request.file, folder.path / f"data{Path(request.file).suffix.lower()}")
            folder.write_request(replace(request, file=str(copy)))
            folder.write_settings(self._settings)
            (folder.path / "ways.json").write_text(json.dumps([way.to_json() for way in ways]), encoding="utf-8")
            self._watch(launch("models.finetune.measuring", folder), folder, tell)
            return Measured.read(folder.path / "measured.json")

    def _watch(self, process: subprocess.Popen, folder: RunFolder, tell: Tell) -> None:
        """Until it has ended; TeahouseError for what it could not do."""
        ends = time.monotonic() + _LONGEST
        try:
            while process.poll() is None and time.monotonic() < ends:
                for event in list(folder.events())[-1:]:
                    tell(event.get("phase", ""), event.get("share", 0.0))
                time.sleep(_TICK)
        finally:
            process.kill()
            process.wait()
        for event in folder.events():
            if "error" in event:
                raise TeahouseError(event["error"]["key"], **event["error"]["values"])
        if process.returncode != 0:
            logger.error("measuring ended with %s: %s", process.returncode, folder.log.read_text("utf-8")[-2000:])
            raise BadInput("errors.not_measured")


def refuse_too_large(needed: int) -> None:
    """BadInput where the machine has less memory left than a training needs."""
    available = memory.available()
    if needed > available:
        raise BadInput("errors.plan_too_large", needed=f"{needed / MB:,.0f}", available=f"{available / MB:,.0f}")


def _ways(request: FinetuneRequest) -> tuple[FinetuneRequest, ...]:
    """Faster ways to train than the asked one, less and less of the model. Adapters of LoRA are there or not: no others."""
    if request.method in ("lora", "head"):
        return ()
    few = replace(request, method="last_layers", layers=2)
    ways = [replace(few, layers=0), few, replace(request, method="head", layers=0)]
    return tuple(way for way in ways if way != request)

"""What a run's model is taken away as: its folder, a card, a script that uses it, and what repeats the training.

Two packages of one content: a zip for the visitor, with their data in it, and the files that may be published, without.
The same run gives the same zip to the last byte. Knows neither the Hub nor the page.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

from models.finetune import card, provenance, repeat
from models.finetune.provenance import Provenance
from models.finetune.request import CLASSIFY, WRITE, FinetuneRequest
from models.finetune.run import read_run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

Content = Path | bytes
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can say
_READABLE = 0o644 << 16
_SCRIPTS = {CLASSIFY: "classify.py", WRITE: "talk.py"}
# Lines of the scripts, replaced by the run's own.
_LENGTH_LINE = "MAX_LENGTH = 128 "
_TEXTS_LINE = "CONTINUES = False "


def published(folder: RunFolder) -> dict[str, Content]:
    """Name -> content of what others may see: model, card, script, requirements. Nothing of the visitor's table."""
    return _model(folder) | {"README.md": card.of(folder, _bounds(folder)).encode()}


def packed(folder: RunFolder) -> dict[str, Content]:
    """The same for the visitor, with what repeats the training. A run of an older layout has no such thing."""
    origin = provenance.read(folder)
    if origin is None:
        return published(folder)
    readme = card.of(folder, _bounds(folder), can_repeat=True).encode()
    script: dict[str, Content] = {"repeat.py": card.TEMPLATES / "repeat.py"}
    return _model(folder) | script | _training(folder, origin) | {"README.md": readme}


def stamp(folder: RunFolder) -> str:
    """Another one whenever a file that the package is made of has changed, or the run has come to its end."""
    beside = [folder.path / f"{name}.json" for name in ("provenance", "split", "evaluation")]
    files = [path for path in [*folder.model.rglob("*"), *beside] if path.is_file()]
    known = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return hashlib.sha256(json.dumps([read_run(folder).state, known]).encode()).hexdigest()[:16]


def zip_of(folder: RunFolder, target: Path) -> None:
    """Writes the zip whole or not at all. Uncompressed: weights hardly shrink, and every machine writes the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(packed(folder).items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            with archive.open(entry, "w", force_zip64=True) as file:
                _copy(content, file)
    part.replace(target)


def _model(folder: RunFolder) -> dict[str, Content]:
    files: dict[str, Content] = {
        path.relative_to(folder.model).as_posix(): path for path in folder.model.rglob("*") if path.is_file()
    }
    request, origin = folder.request(), provenance.read(folder)
    name = _SCRIPTS[request.task]
    return files | {name: _script(name, request), "requirements.txt": _requirements(origin)}


def _script(name: str, request: FinetuneRequest) -> bytes:
    """With the run's own values in place of those that stand in the file."""
    text = (card.TEMPLATES / name).read_text(encoding="utf-8")
    text = text.replace(_LENGTH_LINE, f"MAX_LENGTH = {request.max_length} ")
    is_plain = request.task == WRITE and not request.label_column
    return text.replace(_TEXTS_LINE, f"CONTINUES = {is_plain} ").encode()


def _requirements(origin: Provenance | None) -> bytes:
    """What the script needs, in the versions of the training; of a run that did not write them down, any."""
    versions = origin.libraries if origin else {}
    names = ("torch", "transformers", "safetensors")
    return "".join(f"{name}=={versions[name]}\n" if name in versions else f"{name}\n" for name in names).encode()


def _training(folder: RunFolder, origin: Provenance) -> dict[str, Content]:
    """The folder `training`, which is a run's folder before its training, and the figures that it led to."""
    request, run = folder.request(), read_run(folder)
    asked = replace(request, precision=origin.precision)  # not what another machine would choose
    if origin.base_origin == "run":
        asked = replace(asked, base_model=origin.base)  # not the key to another run
    texts = {
        "request.json": asked.to_json() | {"file": Path(request.file).name},
        "settings.json": {name: vars(_bounds(folder))[name] for name in repeat.BOUNDS} | {"threads": origin.threads},
        "provenance.json": asdict(origin),
        "figures.json": repeat.figures(folder, run),
    }
    files: dict[str, Content] = {Path(request.file).name: Path(request.file)}
    files |= {name: folder.path / name for name in ("split.json",) if (folder.path / name).is_file()}
    files |= {name: json.dumps(values, ensure_ascii=False, indent=1).encode() for name, values in texts.items()}
    return {f"training/{name}": content for name, content in files.items()}


def _bounds(folder: RunFolder) -> Settings:
    return folder.settings() if (folder.path / "settings.json").is_file() else Settings()


def _copy(content: Content, file) -> None:
    if isinstance(content, bytes):
        file.write(content)
        return
    with content.open("rb") as source:
        while piece := source.read(1 << 20):
            file.write(piece)

"""Several pictures at once: what each of some models says of each of them, where they disagree, and a csv of it.

A picture that cannot be read, or a model that cannot answer, is told of with its error and the others go on. Knows no
page; the sentences of errors come from whoever asks for the csv.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from PIL import Image

from models.batch import harmless, write_table
from models.catalog import DEFAULTS
from models.engine import Engine
from models.errors import BadInput, TeahouseError
from models.library import Library
from models.progress import Progress
from models.sentiment import Prediction
from models.settings import Settings
from models.vision import TASK, UNSURE_BELOW, open_picture, scores

_PIECE = 4  # pictures between two signs of progress; half a second or so of the larger bundled model
_THUMBNAIL = 240  # px

Sentence = Callable[[TeahouseError], str]


@dataclass(frozen=True)
class Photo:
    """A file as it was handed over: several may have one name."""

    name: str
    path: str | Path


@dataclass(frozen=True)
class AlbumRow:
    """One picture. answers: the likeliest class for each of the album's models; None where there is no answer (yet)."""

    name: str
    answers: tuple[Prediction | None, ...]
    thumbnail: Image.Image | None = None  # a small copy; None before the picture was opened
    error: TeahouseError | None = None  # why it could not be read


@dataclass(frozen=True)
class AlbumModel:
    name: str
    classes: frozenset[str] = frozenset()  # empty until it has answered
    error: TeahouseError | None = None  # why it could not answer


@dataclass(frozen=True)
class Agreement:
    """How often two models that know the same classes gave the same answer."""

    models: tuple[str, str]
    agree: int
    of: int  # pictures that both answered


@dataclass(frozen=True)
class Album:
    models: tuple[AlbumModel, ...]
    rows: tuple[AlbumRow, ...]  # in the order of the files
    seconds: float = 0.0

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Of every pair of models that know the same classes."""
        return tuple(self._agreement(*pair) for pair in self._pairs())

    def split(self, row: AlbumRow) -> bool:
        """Whether models that know the same classes disagree on this picture."""
        answers = ((row.answers[left], row.answers[right]) for left, right in self._pairs())
        return any(one and other and one.label != other.label for one, other in answers)

    def unsure(self, model: int) -> int:
        """Pictures to which this model gave no class half of its probability."""
        return sum(_is_unsure(row.answers[model]) for row in self.rows)

    @property
    def summary(self) -> dict[str, Any]:
        """What can be said of all pictures together, ready for JSON."""
        return {
            "models": [model.name for model in self.models if model.error is None],
            "refused": [model.name for model in self.models if model.error is not None],
            "pictures": len(self.rows),
            "unreadable": sum(row.error is not None for row in self.rows),
            "uncertain": {model.name: self.unsure(place) for place, model in enumerate(self.models) if not model.error},
            "agreements": [
                {"models": list(pair.models), "agree": pair.agree, "of": pair.of} for pair in self.agreements
            ],
            "disagreements": sum(map(self.split, self.rows)),
            "seconds": round(self.seconds, 2),
        }

    def _pairs(self) -> Iterable[tuple[int, int]]:
        """Places of models that know the same classes."""
        pairs = combinations(range(len(self.models)), 2)
        return [(one, two) for one, two in pairs if self.models[one].classes == self.models[two].classes != frozenset()]

    def _agreement(self, left: int, right: int) -> Agreement:
        answered = [row.answers for row in self.rows if row.answers[left] and row.answers[right]]
        agree = sum(answers[left].label == answers[right].label for answers in answered)
        return Agreement((self.models[left].name, self.models[right].name), agree, len(answered))


@dataclass(frozen=True)
class Judging(Progress):
    """A step of the work, with the album as far as it is known."""

    album: Album
    model: str  # the one that is asked next


class AlbumReader:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library, self._engine, self._settings = library, engine, settings

    def steps(self, photos: Sequence[Photo], models: Sequence[str] = ()) -> Iterator[Judging | Album]:
        """A Judging after every model's answers to some pictures, the Album at last. Closing it stops the work.

        models: catalog names, Hub ids or folders; the default one where there are none. BadInput without pictures or
        with too many; where no model at all could answer, the first one's error.
        """
        names = tuple(dict.fromkeys(name.strip() for name in models if name.strip())) or (DEFAULTS[TASK],)
        self._check(photos, names)
        began, done, total = time.monotonic(), 0, len(photos) * len(names)
        rows = [AlbumRow(photo.name, (None,) * len(names)) for photo in photos]
        album = Album(tuple(map(AlbumModel, names)), tuple(rows))
        yield Judging(done, total, album, names[0])
        for piece in self._pieces(photos):
            album = _opened(album, piece)
            images = {index: image for index, image in piece.items() if isinstance(image, Image.Image)}
            for place, name in enumerate(names):
                album = self._asked(album, place, images)
                done += len(piece)
                yield Judging(done, total, album, names[(place + 1) % len(names)] if done < total else name)
        if all(model.error for model in album.models):
            raise album.models[0].error
        yield replace(album, seconds=time.monotonic() - began)

    def _check(self, photos: Sequence[Photo], names: Sequence[str]) -> None:
        if not photos:
            raise BadInput("errors.no_pictures")
        if len(photos) > self._settings.max_pictures:
            raise BadInput("errors.too_many_pictures", count=len(photos), limit=self._settings.max_pictures)
        if len(names) > self._settings.max_album_models:
            raise BadInput("errors.too_many_models", count=len(names), limit=self._settings.max_album_models)

    def _pieces(self, photos: Sequence[Photo]) -> Iterator[dict[int, Image.Image | TeahouseError]]:
        """Places and pictures; a piece of large pictures is short, for they are all in memory together."""
        piece: dict[int, Image.Image | TeahouseError] = {}
        pixels = 0
        for index, photo in enumerate(photos):
            piece[index] = self._open(photo)
            if isinstance(piece[index], Image.Image):
                pixels += piece[index].width * piece[index].height
            if len(piece) == _PIECE or pixels > self._settings.max_pixels // 2:
                yield piece
                piece, pixels = {}, 0
        if piece:
            yield piece

    def _open(self, photo: Photo) -> Image.Image | TeahouseError:
        try:
            return open_picture(photo.path, self._settings.max_pixels)
        except TeahouseError as error:
            return error

    def _asked(self, album: Album, place: int, images: dict[int, Image.Image]) -> Album:
        """The album with one model's answers to these pictures. A model that has refused is not asked again."""
        model = album.models[place]
        if model.error is not None or not images:
            return album
        try:
            with self._library.lease(model.name, TASK) as loaded:
                found = scores(list(images.values()), loaded, self._engine)
                labels = loaded.labels
        except TeahouseError as error:
            return _with_model(album, place, replace(model, error=error))
        answers = {index: _best(labels, row) for index, row in zip(images, found, strict=True)}
        return _answered(_with_model(album, place, replace(model, classes=frozenset(labels))), place, answers)


def write_csv(album: Album, sentence: Sentence, folder: Path) -> Path:
    """file, each model's label and score, error: a row a picture in the order of the files; UTF-8 with BOM for Excel.

    File names and labels come from strangers: one that a spreadsheet would run gets an apostrophe in front.
    """
    heads = (head for model in album.models for head in (f"{model.name} label", f"{model.name} score"))
    header = ["file", *map(harmless, heads), "error"]
    return write_table(folder, "pictures.csv", header, (_cells(row, sentence) for row in album.rows))


def _cells(row: AlbumRow, sentence: Sentence) -> list[str]:
    answers = ([harmless(one.label), f"{one.score:.6f}"] if one else ["", ""] for one in row.answers)
    error = sentence(row.error) if row.error else ""
    return [harmless(row.name), *(cell for pair in answers for cell in pair), harmless(error)]


def _best(labels: Sequence[str], scores: Sequence[float]) -> Prediction:
    return max(
        (Prediction(label, score) for label, score in zip(labels, scores, strict=True)), key=lambda one: one.score
    )


def _is_unsure(answer: Prediction | None) -> bool:
    return answer is not None and answer.score < UNSURE_BELOW


def _opened(album: Album, piece: dict[int, Image.Image | TeahouseError]) -> Album:
    rows = list(album.rows)
    for index, found in piece.items():
        if isinstance(found, TeahouseError):
            rows[index] = replace(rows[index], error=found)
        else:
            rows[index] = replace(rows[index], thumbnail=_thumbnail(found))
    return replace(album, rows=tuple(rows))


def _answered(album: Album, place: int, answers: dict[int, Prediction]) -> Album:
    rows = list(album.rows)
    for index, answer in answers.items():
        given = (*rows[index].answers[:place], answer, *rows[index].answers[place + 1 :])
        rows[index] = replace(rows[index], answers=given)
    return replace(album, rows=tuple(rows))


def _with_model(album: Album, place: int, model: AlbumModel) -> Album:
    return replace(album, models=(*album.models[:place], model, *album.models[place + 1 :]))


def _thumbnail(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return small

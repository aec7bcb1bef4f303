"""How the view «album» draws: how far it is, what can be said of all pictures, and the grid of them, as HTML.

Pure functions of plain data and a language; what a model or a file is called is escaped here. Knows no event and no
reader; keeps of an album only what it shows, because the page remembers it for every visitor.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demos.i18n import Strings
from demos.vision_view import both_names, chinese_names, data_uri, percent
from models.album import Agreement, Album, AlbumModel, AlbumRow
from models.errors import TeahouseError
from models.vision import UNSURE_BELOW

_SIDE = 240  # px of a picture in the grid


@dataclass(frozen=True)
class ShownModel:
    name: str
    labels: str | None  # of ModelSpec: assets/labels/<labels>.json
    unsure: int  # pictures
    error: TeahouseError | None


@dataclass(frozen=True)
class ShownPicture:
    name: str
    address: str  # of the small picture, as a data URI; empty before it was opened
    answers: tuple[tuple[str, float] | None, ...]  # of each model: label, 0 to 1
    is_split: bool  # models that know the same classes disagree
    error: TeahouseError | None


@dataclass(frozen=True)
class ShownAlbum:
    """What the page remembers of an album."""

    models: tuple[ShownModel, ...]
    pictures: tuple[ShownPicture, ...]
    agreements: tuple[Agreement, ...]
    done: int  # answers
    total: int
    seconds: float
    is_stopped: bool = False

    @property
    def is_finished(self) -> bool:
        return self.seconds > 0


def shown(album: Album, labels: Sequence[str | None], done: int, total: int) -> ShownAlbum:
    """labels: of each model's ModelSpec."""
    models = zip(album.models, labels, range(len(labels)), strict=True)
    return ShownAlbum(
        tuple(_model(model, names, album.unsure(place)) for model, names, place in models),
        tuple(_picture(row, album.split(row)) for row in album.rows),
        album.agreements,
        done,
        total,
        album.seconds,
    )


class AlbumView:
    """sentence: an error and a language -> what the visitor reads."""

    def __init__(self, strings: Strings, sentence: Callable[[Exception, str], str]) -> None:
        self._strings, self._sentence = strings, sentence

    def status(self, album: ShownAlbum | None, lang: str) -> str:
        """How far the work is, or at its end what it found."""
        if album is None:
            return f'<p class="tea-muted">{self._say("idle", lang)}</p>'
        if album.is_finished:
            return f'<p class="tea-album-says">{self._summary(album, lang)}</p>'
        key = "stopped" if album.is_stopped else "progress"
        sentence = self._say(key, lang, done=album.done, total=album.total)
        share = 100 * album.done / max(album.total, 1)
        return f'<p class="tea-muted">{sentence}</p><div class="tea-meter"><i style="width:{share:.1f}%"></i></div>'

    def grid(self, album: ShownAlbum | None, lang: str) -> str:
        if album is None:
            return ""
        refused = [
            f'<p class="tea-look-error">{html.escape(self._sentence(model.error, lang))}</p>'
            for model in album.models
            if model.error is not None
        ]
        return f'{"".join(refused)}<ol class="tea-album">{"".join(self._card(one, album, lang) for one in album.pictures)}</ol>'

    def _summary(self, album: ShownAlbum, lang: str) -> str:
        read = sum(picture.error is None for picture in album.pictures)
        said = [self._say("done", lang, pictures=read, models=len(album.models), seconds=f"{album.seconds:.1f}")]
        said += [
            self._say("agreement", lang, left=one.models[0], right=one.models[1], agree=one.agree, of=one.of)
            for one in album.agreements
        ]
        unsure = [self._say("unsure_of", lang, model=one.name, count=one.unsure) for one in album.models if one.unsure]
        if unsure:
            listed = ("、" if lang == "zh" else ", ").join(unsure)
            said.append(self._say("unsure", lang, listed=listed, bound=f"{UNSURE_BELOW:.0%}"))
        if read < len(album.pictures):
            said.append(self._say("unreadable", lang, count=len(album.pictures) - read))
        return html.escape(("" if lang == "zh" else " ").join(said))

    def _card(self, picture: ShownPicture, album: ShownAlbum, lang: str) -> str:
        name = html.escape(picture.name)
        frame = f'<img src="{picture.address}" alt="{name}">' if picture.address else "<i></i>"
        kind = ' class="is-split"' if picture.is_split else ""
        mark = f'<p class="tea-album-split">{self._say("split", lang)}</p>' if picture.is_split else ""
        if picture.error is not None:
            said = f'<p class="tea-look-error">{html.escape(self._sentence(picture.error, lang))}</p>'
        else:
            said = f"<dl>{self._answers(picture, album, lang)}</dl>{mark}"
        return f'<li{kind}>{frame}<p class="tea-album-name" title="{name}">{name}</p>{said}</li>'

    def _answers(self, picture: ShownPicture, album: ShownAlbum, lang: str) -> str:
        pairs = zip(album.models, picture.answers, strict=True)
        return "".join(self._answer(model, answer, lang) for model, answer in pairs if model.error is None)

    def _answer(self, model: ShownModel, answer: tuple[str, float] | None, lang: str) -> str:
        head = f"<dt>{html.escape(model.name)}</dt>"
        if answer is None:
            return f"<div>{head}<dd>…</dd></div>"
        label, score = answer
        name = html.escape(both_names(label, chinese_names(model.labels), lang)[0])
        kind = ' class="is-unsure"' if score < UNSURE_BELOW else ""
        return f'<div{kind}>{head}<dd title="{name}"><span>{name}</span> <b>{percent(score)}</b></dd></div>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"album.{key}", lang, **values)


def _model(model: AlbumModel, labels: str | None, unsure: int) -> ShownModel:
    return ShownModel(model.name, labels, unsure, model.error)


def _picture(row: AlbumRow, is_split: bool) -> ShownPicture:
    answers = tuple((one.label, one.score) if one else None for one in row.answers)
    address = data_uri(row.thumbnail, _SIDE) if row.thumbnail else ""
    return ShownPicture(row.name, address, answers, is_split, row.error)

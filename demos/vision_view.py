"""How the Vision tab draws: answers as bars, the small picture that the ten-class models see, credits.

Pure functions of plain data and a language; what a model or a file wrote is escaped here. Knows no event and no runner.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from demos import i18n
from demos.i18n import ASSETS, Strings
from models.errors import TeahouseError
from models.vision import UNSURE_BELOW

PICTURES = ASSETS / "examples" / "pictures"
SMALL_SIDE = 32  # px of the pictures that the ten-class models learned from
TEN_CLASSES = "cifar10"  # of assets/labels
_USUAL_CLASSES = "imagenet"  # whose names most models of the Hub use
SHOWN_SIDE = 640  # px of a picture on the page
_CREDIT = re.compile(
    r"^\|\s*(?P<file>[\w-]+\.\w+)\s*\|.*\|\s*(?P<author>[^|]+?)\s*\|\s*(?P<licence>[^|]+?)\s*\|$", re.M
)


@dataclass(frozen=True)
class Answer:
    """What the page remembers of one model's answer, or of its refusal."""

    model: str
    labels: str | None = None  # of ModelSpec: assets/labels/<labels>.json
    predictions: tuple[tuple[str, float], ...] = ()  # (the model's own label, 0 to 1), best first
    seconds: float = 0.0
    error: TeahouseError | None = None


@dataclass(frozen=True)
class Credit:
    """A line of the table in CREDITS.md."""

    file: str
    author: str
    licence: str


class VisionView:
    """sentence: an error and a language -> what the visitor reads."""

    def __init__(
        self, strings: Strings, sentence: Callable[[Exception, str], str], credits: Sequence[Credit] = ()
    ) -> None:
        self._strings = strings
        self._sentence = sentence
        self._credits = credits

    def answer(self, answer: Answer | None, lang: str) -> str:
        """The likeliest class in large, the top classes as bars in both languages, the time in small."""
        if answer is None:
            return f'<div class="tea-look tea-look-empty">{self._say("nothing_yet", lang)}</div>'
        if answer.error is not None:
            return f'<div class="tea-look">{self._refused(answer.error, lang)}</div>'
        chinese = chinese_names(answer.labels)
        rows = "".join(_row(*both_names(label, chinese, lang), score) for label, score in answer.predictions)
        best, score = answer.predictions[0]
        foot = [html.escape(answer.model), f"{answer.seconds * 1000:,.0f} ms"]
        doubt = f"<span>{self._say('unsure', lang)}</span>" if score < UNSURE_BELOW else ""
        return (
            f'<div class="tea-look"><p class="tea-look-best">{html.escape(both_names(best, chinese, lang)[0])}{doubt}</p>'
            f'<ol>{rows}</ol><p class="tea-look-foot">{" · ".join(foot)}</p></div>'
        )

    def small(self, picture: str, lang: str) -> str:
        """Which ten classes the small models know, and the picture in the size that they learned from."""
        names = ("、" if lang == "zh" else ", ").join(map(html.escape, i18n.labels(TEN_CLASSES, lang).values()))
        frame = f'<img src="{picture}" alt="{self._say("small_alt", lang)}">' if picture else "<i></i>"
        return f'<div class="tea-small">{frame}<p>{self._say("small", lang, classes=names)}</p></div>'

    def credits(self, lang: str) -> str:
        """Who made the example pictures, folded."""
        if not self._credits:
            return ""
        lines = "".join(
            f"<li><b>{html.escape(one.file)}</b> {html.escape(one.author)} · {html.escape(one.licence)}</li>"
            for one in self._credits
        )
        return f'<details class="tea-credits"><summary>{self._say("credits", lang)}</summary><ul>{lines}</ul></details>'

    def _refused(self, error: TeahouseError, lang: str) -> str:
        return f'<p class="tea-look-error">{html.escape(self._sentence(error, lang))}</p>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"vision.{key}", lang, **values)


def percent(score: float) -> str:
    """«62 %», escaped, and never a 100 or a 0 that is not one."""
    if 0 < score < 0.01:
        return "&lt;1 %"
    if 0.99 < score < 1:
        return "&gt;99 %"
    return f"{100 * score:.0f} %"


def data_uri(image: Image.Image, side: int = SHOWN_SIDE) -> str:
    """A copy of at most `side` px, as an address that a page can show without another request."""
    image = image.copy()
    image.thumbnail((side, side))
    file = BytesIO()
    if side > SMALL_SIDE:
        image.save(file, "JPEG", quality=88)
    else:
        image.save(file, "PNG")
    kind = "jpeg" if side > SMALL_SIDE else "png"
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def shrunk(image: Image.Image) -> str:
    """The picture squeezed to 32 × 32 px, as the small models' processors do."""
    return data_uri(image.resize((SMALL_SIDE, SMALL_SIDE), Image.Resampling.BILINEAR), SMALL_SIDE)


def read_credits(folder: Path = PICTURES) -> list[Credit]:
    """The lines of CREDITS.md whose pictures are there."""
    path = folder / "CREDITS.md"
    if not path.is_file():
        return []
    found = [Credit(**line.groupdict()) for line in _CREDIT.finditer(path.read_text(encoding="utf-8"))]
    return [credit for credit in found if (folder / credit.file).is_file()]


def chinese_names(labels: str | None) -> Mapping[str, str]:
    return i18n.labels(labels or _USUAL_CLASSES, "zh")


def both_names(label: str, chinese: Mapping[str, str], lang: str) -> tuple[str, str]:
    """A class's name in the visitor's language, then in the other; "" where it has one name only."""
    english = label if label in chinese else label.split(",")[0].strip()  # the Hub writes «tabby, tabby cat»
    if english not in chinese:
        return label, ""
    return (chinese[english], english) if lang == "zh" else (english, chinese[english])


def _row(name: str, other: str, score: float) -> str:
    second = f" · <small>{html.escape(other)}</small>" if other else ""
    return (
        f'<li title="{score:.4f}"><span>{html.escape(name)}{second}</span><b>{percent(score)}</b>'
        f'<i><u style="width:{100 * score:.2f}%"></u></i></li>'
    )

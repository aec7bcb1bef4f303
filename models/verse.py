"""The forms of Chinese verse: their lines, how a poem is asked for, and how sampling is held to a form.

A regulated form is a plan of tokens known beforehand: so many characters, a stop, and so on to the end. Knows the
prompt format of gpt-zh and nothing of how a model is loaded or sampled; torch is imported only where logits are masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from models.errors import BadInput

if TYPE_CHECKING:
    import torch

CI = "词"
LONGEST_TITLE = 12  # characters; gpt-zh has seen no longer ones
ACROSTIC_LENGTHS = (2, 8)  # shortest and longest
# The tunes that stand most often in the corpus of Song ci, the most frequent first.
CIPAI = (
    *("浣溪沙", "水调歌头", "鹧鸪天", "菩萨蛮", "满江红", "临江仙", "西江月", "减字木兰花", "沁园春", "念奴娇"),
    *("蝶恋花", "点绛唇", "清平乐", "贺新郎", "虞美人", "满庭芳", "好事近", "水龙吟", "朝中措", "渔家傲"),
    *("谒金门", "卜算子", "南乡子", "踏莎行", "如梦令"),
)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ALL_HAN = re.compile(f"[{_HAN}]+")


@dataclass(frozen=True)
class Form:
    """A regulated form: `lines` lines of `length` characters, ended by ， and 。 in turn and by 。 at the last."""

    name: str
    lines: int
    length: int

    def stop(self, line: int) -> str:
        return "。" if line % 2 or line == self.lines - 1 else "，"


FORMS = {form.name: form for form in (Form("五绝", 4, 5), Form("七绝", 4, 7), Form("五律", 8, 5), Form("七律", 8, 7))}


@dataclass(frozen=True)
class PoemRequest:
    """A poem that is asked for. BadInput where it cannot be written.

    form: a key of FORMS, or 词, whose title is the name of a tune in CIPAI.
    title: at most LONGEST_TITLE characters; empty for an untitled poem.
    acrostic: 2 to 8 Chinese characters, one at the head of each line; it sets the number of lines.
    """

    form: str
    title: str = ""
    acrostic: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title.strip())
        object.__setattr__(self, "acrostic", self.acrostic.strip())
        if self.form == CI:
            self._check_tune()
        elif self.form not in FORMS:
            raise BadInput("errors.unknown_form", form=self.form, valid="、".join((*FORMS, CI)))
        else:
            self._check_title()
            self._check_acrostic()

    @property
    def shape(self) -> Form | None:
        """What the poem's lines must be: its form, with a line for each character of an acrostic. None for a ci."""
        form = FORMS.get(self.form)
        return replace(form, lines=len(self.acrostic)) if form and self.acrostic else form

    def _check_tune(self) -> None:
        if self.title not in CIPAI:
            raise BadInput("errors.unknown_cipai", title=self.title, valid="、".join(CIPAI))
        if self.acrostic:
            raise BadInput("errors.acrostic_needs_form", form=self.form, valid="、".join(FORMS))

    def _check_title(self) -> None:
        if len(self.title) > LONGEST_TITLE:
            raise BadInput("errors.title_too_long", length=len(self.title), limit=LONGEST_TITLE)
        if "<|" in self.title or "\n" in self.title:
            raise BadInput("errors.bad_title", title=self.title)

    def _check_acrostic(self) -> None:
        low, high = ACROSTIC_LENGTHS
        if not self.acrostic:
            return
        if not _ALL_HAN.fullmatch(self.acrostic):
            raise BadInput("errors.acrostic_not_chinese", acrostic=self.acrostic, low=low, high=high)
        if not low <= len(self.acrostic) <= high:
            raise BadInput("errors.acrostic_length", length=len(self.acrostic), low=low, high=high)


def prompt(request: PoemRequest) -> str:
    """The request in gpt-zh's format: <|七绝|><|题|>江雪<|正文|>."""
    form = _nearest_form(request.shape) if request.shape else request.form
    return f"<|{form}|>{f'<|题|>{request.title}' if request.title else ''}<|正文|>"


def _nearest_form(shape: Form) -> str:
    """The quatrain or octave with the shape's lines: the model knows no other number of lines."""
    lines = 4 if shape.lines <= 4 else 8
    return next(form.name for form in FORMS.values() if (form.lines, form.length) == (lines, shape.length))


def layout(text: str) -> str:
    """One couplet (of a ci: one sentence) a line, for showing."""
    return re.sub(r"([。？！])(?=.)", r"\1\n", text)


@dataclass(frozen=True)
class FormReport:
    """What a text keeps of what was asked."""

    lines: tuple[str, ...]  # without their stops
    wrong_lines: tuple[int, ...]  # counted from 0; a line too many or missing counts as wrong
    stops_right: bool
    acrostic_kept: bool  # True where none was asked for

    @property
    def holds(self) -> bool:
        return not self.wrong_lines and self.stops_right and self.acrostic_kept


def check(form: Form, text: str, acrostic: str = "") -> FormReport:
    """Holds a text, laid out or not, against a form; with an acrostic, `form` is the request's shape."""
    text = re.sub(r"\s", "", text)
    parts = re.split("([，。？！；、])", text)
    lines, stops = tuple(filter(None, parts[::2])), parts[1::2]
    count = max(form.lines, len(lines))
    wrong = (i for i in range(count) if not (i < form.lines and i < len(lines) and _is_line(lines[i], form.length)))
    return FormReport(
        lines=lines,
        wrong_lines=tuple(wrong),
        stops_right=stops == [form.stop(i) for i in range(form.lines)] and not parts[-1],
        acrostic_kept=not acrostic or "".join(line[0] for line in lines) == acrostic,
    )


def _is_line(line: str, length: int) -> bool:
    return len(line) == length and bool(_ALL_HAN.fullmatch(line))


class ShapeProcessor:
    """A logits processor that leaves at each step only what the plan allows: one token, or any Chinese character.

    The rows of a batch share prompt length and shape, so the step alone tells the place in the poem. A token the plan
    names gets logit 0, so that no filter before it can have taken it away.
    """

    def __init__(self, plan: tuple[int | None, ...], characters: torch.Tensor, end: int, prompt_length: int) -> None:
        self._plan = plan  # None: any Chinese character
        self._characters = characters  # their token ids
        self._end = end
        self._prompt_length = prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """input_ids (rows, tokens so far), scores (rows, vocabulary) -> scores with -inf where the form forbids."""
        step = input_ids.shape[1] - self._prompt_length
        token = self._plan[step] if step < len(self._plan) else self._end
        masked = scores.new_full(scores.shape, float("-inf"))
        if token is None:
            masked[:, self._characters] = scores[:, self._characters]
        else:
            masked[:, token] = 0.0
        return masked


def shape_processor(request: PoemRequest, tokenizer: Any, prompt_length: int) -> list[ShapeProcessor]:
    """What holds sampling to the request's shape, from the token after the prompt on. Empty for a ci.

    prompt_length: tokens before the poem, padding included.
    """
    import torch

    if request.shape is None:
        return []
    vocabulary = tokenizer.get_vocab()
    characters = sorted(number for token, number in vocabulary.items() if len(token) == 1 and _ALL_HAN.match(token))
    plan = token_plan(request.shape, request.acrostic, tokenizer)
    return [ShapeProcessor(plan, torch.tensor(characters), tokenizer.eos_token_id, prompt_length)]


def token_plan(shape: Form, acrostic: str, tokenizer: Any) -> tuple[int | None, ...]:
    """Token by token; None stands for any Chinese character. A head outside the vocabulary is written in bytes."""
    lines = []
    for number in range(shape.lines):
        head = tokenizer.encode(acrostic[number], add_special_tokens=False) if acrostic else [None]
        stop = tokenizer.encode(shape.stop(number), add_special_tokens=False)
        lines.append((*head, *[None] * (shape.length - 1), *stop))
    return tuple(chain.from_iterable(lines))

"""How the Fine-tune tab draws whether a run was worth it: verdict, contenders, classes, calibration, as HTML.

Pure functions of an Evaluation and a language. Labels are people's words, so they are escaped. Knows no event.
"""

from __future__ import annotations

import html
import math

from demos.finetune_steps import clip
from demos.i18n import Strings
from models.finetune.bootstrap import Estimate
from models.finetune.calibration import Bin, Calibration
from models.finetune.contenders import FINETUNED, FROZEN, NGRAMS
from models.finetune.evaluation import Contender, Evaluation

FEW_ROWS = 40  # held out; below this even a large gain is hard to see
_MUCH = 0.05  # mean distance of confidence from accuracy that is worth a sentence
_SIDE, _EDGE = 200, 26  # px of the calibration chart, and of what its numbers take


class EvaluationView:
    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def whole(self, found: Evaluation, lang: str) -> str:
        """Everything that needs no click."""
        parts = [self.verdict(found, lang), self._forest(found, lang), self._costs(found, lang)]
        details = [self._classes(found, lang), self._confusion(found, lang), self._calibration(found, lang)]
        return f'<div class="tea-worth">{"".join(parts)}<div class="tea-worth-more">{"".join(details)}</div></div>'

    def said(self, key: str, lang: str) -> str:
        """In the place of an evaluation that is not there."""
        return f'<div class="tea-empty">{self._say(f"finetune.evaluation.{key}", lang)}</div>'

    def doing(self, what: str, share: float, lang: str) -> str:
        """While it is being made."""
        return (
            f'<p class="tea-state" aria-live="polite"><b>{self._say(what, lang)}…</b></p>'
            f'<div class="tea-meter"><i style="width:{share:.0%}"></i></div>'
        )

    def verdict(self, found: Evaluation, lang: str) -> str:
        """The sentence, and what to keep in mind with it."""
        verdict, theirs = found.verdict, found.contender(found.verdict.over)
        sentence = self._say(
            f"finetune.evaluation.verdict.{verdict.kind}",
            lang,
            over=self._say(f"finetune.evaluation.name_in_sentence.{verdict.over}", lang),
            ours=f"{found.finetuned.macro_f1.value:.1%}",
            theirs=f"{theirs.macro_f1.value:.1%}",
            gain=_points(abs(verdict.macro_f1.value) if verdict.kind == "loss" else verdict.macro_f1.value),
            low=_points(verdict.macro_f1.low),
            high=_points(verdict.macro_f1.high),
        )
        said = [f'<p class="tea-worth-verdict is-{verdict.kind}">{sentence}</p>']
        if len(found.rows) < FEW_ROWS:
            few = self._say("finetune.evaluation.few_rows", lang, rows=len(found.rows))
            said.append(f'<p class="tea-notice is-warning">{few}</p>')
        return "".join(said)

    def _forest(self, found: Evaluation, lang: str) -> str:
        """Macro-F1 of each contender with its interval, on one axis."""
        low = max(0.0, math.floor(10 * min(one.macro_f1.low for one in found.contenders) - 0.01) / 10)
        lines = "".join(self._line(contender, low, lang) for contender in found.contenders)
        ticks = "".join(f"<span>{low + share * (1 - low):.0%}</span>" for share in (0, 0.5, 1))
        title, note = (
            self._say("finetune.evaluation.chart", lang),
            self._say("finetune.evaluation.on", lang, rows=f"{len(found.rows):,}"),
        )
        return (
            f'<figure class="tea-forest"><figcaption><b>{title}</b></figcaption>{lines}'
            f'<div class="tea-forest-axis"><div>{ticks}</div></div></figure><p class="tea-muted tea-small">{note}</p>'
        )

    def _line(self, contender: Contender, low: float, lang: str) -> str:
        score = contender.macro_f1

        def place(value: float) -> float:
            return 100 * (value - low) / (1 - low)

        kind = "is-ours" if contender.name == FINETUNED else ""
        spoken = f"{score.value:.1%} ({score.low:.1%}–{score.high:.1%})"
        return (
            f'<div class="tea-forest-line {kind}" title="{spoken}"><span>{self._name(contender, lang)}</span>'
            f'<div role="img" aria-label="{spoken}">'
            f'<i style="left:{place(score.low):.1f}%;width:{place(score.high) - place(score.low):.1f}%"></i>'
            f'<b style="left:{place(score.value):.1f}%"></b></div><em>{score.value:.1%}</em></div>'
        )

    def _costs(self, found: Evaluation, lang: str) -> str:
        names = ("way", "accuracy", "macro_f1", "seconds", "size")
        head = "".join(
            f'<th class="{"tea-number" if index else ""}">{self._say(f"finetune.evaluation.column.{name}", lang)}</th>'
            for index, name in enumerate(names)
        )
        rows = "".join(self._cost(contender, lang) for contender in found.contenders)
        frozen, others = found.contender(FROZEN), found.contender(NGRAMS)
        note = ""
        if frozen.learned_from < others.learned_from:
            values = {"learned": f"{frozen.learned_from:,}", "rows": f"{others.learned_from:,}"}
            note = f'<p class="tea-muted tea-small">{self._say("finetune.evaluation.fewer_read", lang, **values)}</p>'
        return f'<div class="tea-wide tea-costs"><table class="tea-table">{_headed(head, rows)}</table></div>{note}'

    def _cost(self, contender: Contender, lang: str) -> str:
        kind = ' class="is-ours"' if contender.name == FINETUNED else ""
        seconds = self.duration(contender.seconds, lang) if contender.seconds else "–"
        cells = (_scored(contender.accuracy), _scored(contender.macro_f1), seconds, _megabytes(contender.size_bytes))
        numbers = "".join(f'<td class="tea-number">{cell}</td>' for cell in cells)
        return f"<tr{kind}><td>{self._name(contender, lang)}</td>{numbers}</tr>"

    def duration(self, seconds: float, lang: str) -> str:
        if seconds < 90:
            count = f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
            return self._say("finetune.evaluation.seconds", lang, count=count)
        return self._say("finetune.evaluation.minutes", lang, count=f"{seconds / 60:.0f}")

    def _classes(self, found: Evaluation, lang: str) -> str:
        names = ("class", "precision", "recall", "f1", "support")
        head = "".join(
            f'<th class="{"tea-number" if index else ""}">{self._say(f"finetune.evaluation.column.{name}", lang)}</th>'
            for index, name in enumerate(names)
        )
        rows = "".join(
            f"<tr><td>{html.escape(clip(one.label, 30))}</td>"
            + "".join(f'<td class="tea-number">{share:.0%}</td>' for share in (one.precision, one.recall, one.f1))
            + f'<td class="tea-number">{one.support:,}</td></tr>'
            for one in found.class_scores
        )
        title = self._say("finetune.evaluation.per_class", lang)
        return f'<section><h4>{title}</h4><div class="tea-wide"><table class="tea-table">{_headed(head, rows)}</table></div></section>'

    def _confusion(self, found: Evaluation, lang: str) -> str:
        names = [html.escape(clip(name, 12)) for name in found.classes]
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            f"<tr><th>{name}</th>{_shaded(row)}</tr>" for name, row in zip(names, found.confusion, strict=True)
        )
        caption, corner = self._say("finetune.evaluation.confusion", lang), self._say("finetune.evaluation.true", lang)
        return (
            f'<figure class="tea-confusion"><figcaption>{caption}</figcaption><div>'
            f"<table><tr><td>{corner}</td>{head}</tr>{rows}</table></div></figure>"
        )

    def _calibration(self, found: Evaluation, lang: str) -> str:
        calibration, rows = found.calibration, found.rows
        sure, right = (
            sum(values) / len(rows) for values in ([row.confidence for row in rows], [row.is_right for row in rows])
        )
        said = [self._say("finetune.evaluation.calibration_note", lang, error=f"{calibration.error:.1%}")]
        if abs(sure - right) > _MUCH:
            key = "overconfident" if sure > right else "underconfident"
            said.insert(0, self._say(f"finetune.evaluation.{key}", lang, sure=f"{sure:.0%}", right=f"{right:.0%}"))
        note = ("" if lang == "zh" else " ").join(said)
        title = self._say("finetune.evaluation.calibration", lang)
        return (
            f'<section class="tea-calibration"><h4>{title}</h4>{self._reliability(calibration, lang)}'
            f'<p class="tea-muted tea-small">{note}</p></section>'
        )

    def _reliability(self, calibration: Calibration, lang: str) -> str:
        """A square: how sure across, how often right up, a dot a bin."""
        width, inner = _SIDE + _EDGE, _SIDE
        most = max(one.rows for one in calibration.bins)
        dots = "".join(self._dot(one, most, lang) for one in calibration.bins)
        marks = "".join(
            f'<text x="{_EDGE - 4}" y="{inner - share * inner + 4:.0f}" text-anchor="end">{share:.0%}</text>'
            f'<text x="{_EDGE + share * inner:.0f}" y="{inner + 16}" text-anchor="middle">{share:.0%}</text>'
            for share in (0, 0.5, 1)
        )
        axes = (
            f'<text x="{width}" y="{inner - 6}" text-anchor="end">{self._say("finetune.evaluation.sure", lang)} →</text>'
            f'<text x="{_EDGE + 6}" y="12">↑ {self._say("finetune.evaluation.right", lang)}</text>'
        )
        frame = f'<rect x="{_EDGE}" y="0" width="{inner}" height="{inner}"/>'
        diagonal = f'<line x1="{_EDGE}" y1="{inner}" x2="{width}" y2="0"/>'
        spoken = self._say("finetune.evaluation.calibration_note", lang, error=f"{calibration.error:.1%}")
        return (
            f'<svg viewBox="-8 -8 {width + 24} {inner + 30}" role="img" aria-label="{html.escape(spoken)}">'
            f"{frame}{diagonal}{marks}{axes}{dots}</svg>"
        )

    def _dot(self, one: Bin, most: int, lang: str) -> str:
        values = {"low": f"{one.low:.0%}", "high": f"{one.high:.0%}", "rows": f"{one.rows:,}"}
        title = self._say("finetune.evaluation.bin", lang, right=f"{one.accuracy:.0%}", **values)
        x, y = _EDGE + one.confidence * _SIDE, _SIDE - one.accuracy * _SIDE
        radius = 3 + 6 * math.sqrt(one.rows / most)
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{title}</title></circle>'

    def _name(self, contender: Contender, lang: str) -> str:
        return self._say(f"finetune.evaluation.name.{contender.name}", lang)


def _points(share: float) -> str:
    return f"{100 * share:z.1f}"


def _scored(score: Estimate) -> str:
    return f"{score.value:.1%} <small>{score.low:.0%}–{score.high:.0%}</small>"


def _megabytes(size: int) -> str:
    if not size:
        return "–"
    return f"{size / 2**20:.1f} MB" if size < 10 * 2**20 else f"{size / 2**20:,.0f} MB"


def _headed(head: str, rows: str) -> str:
    return f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"


def _shaded(row: tuple[int, ...]) -> str:
    """Cells of a true class, the darker the larger their share of it."""
    total = max(1, sum(row))
    return "".join(f'<td style="--share:{round(100 * count / total)}%">{count or ""}</td>' for count in row)

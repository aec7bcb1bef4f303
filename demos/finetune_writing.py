"""Step 4 of the Fine-tune tab for a model that writes: how it does on rows that it never learnt. A classifier has another."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from demos.finetune_desk import Desk
from demos.finetune_steps import clip
from demos.i18n import Strings
from models.finetune import writing_scores
from models.finetune.request import WRITE
from models.finetune.run import Run
from models.finetune.writing_scores import Sample, WritingScores

_CLIPPED = 300  # characters of an answer


class WritingPart:
    def __init__(self, desk: Desk) -> None:
        self.fields: dict[str, Any] = {}
        self._runs, self._view = desk.runs, WritingView(desk.ui.strings)
        self._drawn = gr.HTML("", visible=False, elem_id="tea-finetune-writing", elem_classes="tea-finetune-box")
        self.outputs = [self._drawn]

    def show(self, run: Run | None, lang: str) -> list[Any]:
        scores = self._scores(run)
        return [
            gr.update(visible=False)
            if scores is None
            else gr.update(visible=True, value=self._view.whole(scores, lang))
        ]

    def _scores(self, run: Run | None) -> WritingScores | None:
        if run is None or run.request.task != WRITE or not run.has_model:
            return None
        return writing_scores.read(self._runs.folder(run.run_id))


class WritingView:
    """Scores as HTML. All that a visitor or a model wrote is escaped."""

    def __init__(self, strings: Strings) -> None:
        self._say = strings.text

    def whole(self, scores: WritingScores, lang: str) -> str:
        """A verdict, perplexity before and after, answers side by side."""
        parts = [self._verdict(scores, lang), self._table(scores, lang), self._samples(scores.samples, lang)]
        return f'<div class="tea-writing">{"".join(parts)}</div>'

    def _verdict(self, scores: WritingScores, lang: str) -> str:
        """Perplexity flatters a model that knows its answers by heart and gives the wrong one: so both are said."""
        is_better = scores.perplexity < scores.perplexity_before
        values = {"before": _number(scores.perplexity_before), "after": _number(scores.perplexity)}
        sentences = [self._say(f"finetune.writer.{'better' if is_better else 'no_better'}", lang, **values)]
        if scores.asked:
            counts = {"asked": scores.asked, "matched": scores.matched}
            sentences.append(self._say("finetune.writer.matched", lang, **counts))
        note = f'<p class="tea-muted">{self._say("finetune.writer.note", lang)}</p>' if scores.asked else ""
        return f'<p class="tea-writing-verdict">{(" " if lang == "en" else "").join(sentences)}</p>{note}'

    def _table(self, scores: WritingScores, lang: str) -> str:
        rows = [("all", scores.rows, scores.perplexity_before, scores.perplexity)]
        if 0 < scores.known_rows < scores.rows:
            new = scores.rows - scores.known_rows
            rows.append(("known", scores.known_rows, scores.known_perplexity_before, scores.known_perplexity))
            rows.append(("new", new, scores.new_perplexity_before, scores.new_perplexity))
        drawn = "".join(
            f"<tr><td>{self._say(f'finetune.writer.rows_{name}', lang)}</td><td>{count:,}</td>"
            f"<td>{_number(before)}</td><td>{_number(after)}</td></tr>"
            for name, count, before, after in rows
            if before is not None and after is not None
        )
        heads = ("held_out", "count", "before", "after")
        head = "".join(f"<th>{self._say(f'finetune.writer.head_{name}', lang)}</th>" for name in heads)
        return (
            f'<div class="tea-writing-table"><table class="tea-table tea-figures"><tr>{head}</tr>{drawn}</table></div>'
        )

    def _samples(self, samples: tuple[Sample, ...], lang: str) -> str:
        title = self._say("finetune.writer.samples", lang)
        return f"<h4>{title}</h4>" + "".join(self._sample(sample, lang) for sample in samples)

    def _sample(self, sample: Sample, lang: str) -> str:
        told = (("given", sample.given), ("base", sample.before), ("tuned", sample.after))
        rows = "".join(
            f'<div class="is-{name}"><dt>{self._say(f"finetune.writer.said_{name}", lang)}</dt>'
            f"<dd>{html.escape(clip(words, _CLIPPED)) or '—'}</dd></div>"
            for name, words in told
        )
        return (
            f'<section class="tea-asked"><h5>{html.escape(clip(sample.asked, _CLIPPED))}</h5><dl>{rows}</dl></section>'
        )


def _number(perplexity: float) -> str:
    return f"{perplexity:,.0f}" if perplexity >= 100 else f"{perplexity:.2f}"

"""The Fine-tune tab with a model that writes: the choice of a task, its example, and what its held-out rows look like."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from demos.finetune_data import EXAMPLES, DataPart
from demos.finetune_desk import Desk
from demos.finetune_task import TaskHandlers
from demos.finetune_writing import WritingPart, WritingView
from demos.i18n import LANGUAGES, Localizer, Strings
from demos.model_card import ModelCards
from models.catalog import Catalog
from models.finetune import writing_scores
from models.finetune.request import CLASSIFY, WRITE, FinetuneRequest, usual
from models.finetune.run import Metrics, Run
from models.finetune.run_folder import RunFolder
from models.finetune.writing_scores import Sample, WritingScores

STRINGS = Strings.load()
SCORES = WritingScores(
    rows=22,
    perplexity_before=225.4,
    perplexity=1.4,
    known_rows=20,
    known_perplexity_before=220.0,
    known_perplexity=1.2,
    new_perplexity_before=300.0,
    new_perplexity=90.0,
    asked=20,
    matched=9,
    samples=(Sample("<b>几点开门？</b>", "九点。", "<i>不知道</i>", "九点。<script>"),),
)


@pytest.fixture
def task() -> TaskHandlers:
    with gr.Blocks():
        return TaskHandlers(Localizer(STRINGS), Catalog())


def test_each_task_puts_its_own_base_and_options_into_the_controls(task: TaskHandlers):
    for name in (WRITE, CLASSIFY):
        updates = dict(zip(usual(name), task.begin(name, "en"), strict=True))
        assert {option: update["value"] for option, update in updates.items()} == usual(name)
        offered = [value for _, value in updates["base_model"]["choices"]]
        assert usual(name)["base_model"] in offered
        assert ("encoder-zh" in offered) == (name == CLASSIFY)
        assert ("head" in [value for _, value in updates["method"]["choices"]]) == (name == CLASSIFY)


def test_a_base_that_writes_has_a_card_and_a_picture_model_is_refused(settings):
    cards = ModelCards(Catalog(), settings, STRINGS)
    assert "tea-card-warning" not in cards.training("gpt-zh", "en")
    assert "tea-card-warning" in cards.training("resnet-cifar10", "en")


def test_the_example_of_questions_chooses_to_write_and_the_others_to_classify(settings):
    with gr.Blocks() as blocks:
        ui = Localizer(STRINGS)
        reporter = SimpleNamespace(said=lambda function: function)
        DataPart(Desk(ui, reporter, None, settings, Catalog()))
    chosen = [event.fn() for event in blocks.fns.values() if event.fn.__name__ == "<lambda>" and not event.inputs]
    assert dict(chosen) == {
        str(EXAMPLES["tea"]): CLASSIFY,
        str(EXAMPLES["topics"]): CLASSIFY,
        str(EXAMPLES["desk"]): WRITE,
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_scores_say_before_and_after_and_how_many_answers_were_right(lang):
    drawn = WritingView(STRINGS).whole(SCORES, lang)
    for figure in ("225", "1.40", "220", "1.20", "300", "90.00", "20", "9"):
        assert figure in drawn
    assert not re.search(r"\{\w+\}", drawn)


def test_what_visitor_and_models_wrote_is_escaped():
    drawn = WritingView(STRINGS).whole(SCORES, "en")
    assert "<b>几点" not in drawn
    assert "<i>不知道" not in drawn
    assert "<script>" not in drawn


def test_no_gain_is_called_no_gain():
    drawn = WritingView(STRINGS).whole(replace(SCORES, perplexity=300.0), "en")
    assert "no gain" in drawn


def test_the_step_shows_a_writer_that_has_ended_and_nothing_of_a_classifier(tmp_path, settings):
    folder = RunFolder(tmp_path)
    writing_scores.write(folder, SCORES)
    with gr.Blocks():
        desk = Desk(Localizer(STRINGS), None, SimpleNamespace(folder=lambda run_id: folder), settings, Catalog())
        part = WritingPart(desk)
    known = {
        "state": "finished",
        "queued_at": 0.0,
        "has_model": True,
        "metrics": Metrics(loss=0.3, rows=22, perplexity=1.4),
    }
    writer = Run("a" * 20, request=FinetuneRequest("x.csv", task=WRITE), **known)
    (shown,) = part.show(writer, "zh")
    assert shown["visible"]
    assert "225" in shown["value"]
    for other in (None, replace(writer, request=FinetuneRequest("x.csv")), replace(writer, has_model=False)):
        assert part.show(other, "zh")[0]["visible"] is False


def test_where_every_answer_was_taught_the_rows_are_not_told_apart():
    drawn = WritingView(STRINGS).whole(replace(SCORES, known_rows=22, new_perplexity=None), "en")
    assert "never taught" not in drawn
    assert drawn.count("<tr>") == 2

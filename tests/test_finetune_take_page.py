"""Taking away and comparing on the page, without a browser: what is drawn, what is escaped, what becomes of the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest
from hub_pushing import PushServer

from demos.errors import Reporter
from demos.finetune_compare import ComparePart
from demos.finetune_compare_view import CompareView
from demos.finetune_desk import Desk
from demos.finetune_take import TakePart
from demos.i18n import LANGUAGES, Localizer, Strings
from demos.own_runs import OwnRuns
from models.catalog import Catalog
from models.errors import BadInput, UnknownRun
from models.finetune.bootstrap import Estimate
from models.finetune.comparison import Compared, Comparison
from models.finetune.request import FinetuneRequest
from models.finetune.run import Loss, Run, Validated
from models.finetune.run_folder import RunFolder
from models.settings import Settings
from models.spec import ModelSpec

STRINGS = Strings.load()
TOKEN = "hf_abcdefghijklmnop"


def finished(letter: str, **options) -> Run:
    return Run(
        run_id=letter * 20,
        state="finished",
        request=FinetuneRequest("data.csv", **options),
        queued_at=1.0,
        steps=4,
        seconds=40.0,
        losses=tuple(Loss(step, 1 / step, 1e-4) for step in range(1, 5)),
        validation=(Validated(2, 0.7, 36, 0.6, 0.6), Validated(4, 0.5, 36, 0.75, 0.7)),
        has_model=True,
        sha256="5" * 64,
    )


class FakeRuns:
    """Runs by id, all with the model of one folder."""

    def __init__(self, folder: RunFolder, *runs: Run) -> None:
        self._folder, self.runs = folder, {run.run_id: run for run in runs}

    def status(self, run_id: str) -> Run:
        if run_id not in self.runs:
            raise UnknownRun("errors.unknown_run", run=run_id)
        return self.runs[run_id]

    def find(self, run_id: str) -> ModelSpec:
        run = self.status(run_id)
        if not run.has_model:
            raise UnknownRun("errors.run_without_model", state=run.state)
        return ModelSpec(f"run:{run_id}", run.request.task, "folder", origin="run")

    def download(self, run_id: str) -> Path:
        return Path(f"/zips/{run_id}.zip")

    def folder(self, run_id: str) -> RunFolder:
        self.status(run_id)
        return self._folder

    trained = folder


@pytest.fixture
def make_desk(settings: Settings, tmp_path: Path, tiny_bert: Path) -> Callable[..., Desk]:
    """A desk within a page that nobody opens, over runs whose files are there."""
    folder = RunFolder(tmp_path / ("a" * 20))
    folder.path.mkdir()
    (folder.path / "data.csv").write_text("text,label\n茶,好\n水,差\n", encoding="utf-8")
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label"))
    folder.append(state="finished")
    folder.model.symlink_to(tiny_bert)

    def make(*runs: Run, chosen: Settings = settings) -> Desk:
        return Desk(Localizer(STRINGS), Reporter(STRINGS), FakeRuns(folder, *runs), chosen, Catalog())

    with gr.Blocks():
        yield make


def test_a_run_with_a_model_shows_its_hash_its_zip_and_what_is_in_it(make_desk):
    take = TakePart(make_desk(run := finished("a")))
    for lang in LANGUAGES:
        facts, use, download, hub = take.show(run, lang)
        assert "5" * 64 in facts["value"]
        assert "training/" in facts["value"]
        assert download["value"].endswith(".zip")
        assert all(update["visible"] for update in (facts, use, download, hub))


@pytest.mark.parametrize("run", [None, replace(finished("a"), has_model=False, sha256="")])
def test_without_a_model_there_is_nothing_to_take_away(make_desk, run):
    updates = TakePart(make_desk()).show(run, "en")
    assert [update["visible"] for update in updates] == [False] * 4


def test_a_model_that_is_still_compared_can_be_used_but_not_taken_away_yet(make_desk):
    run = replace(finished("a"), state="running", phase="comparing")
    updates = TakePart(make_desk(run)).show(run, "en")
    assert [update["visible"] for update in updates] == [True, True, False, False]


def test_a_push_says_where_the_model_stands_and_clears_the_token(make_desk, settings, tmp_path):
    (tmp_path / "hub").mkdir()
    hub = PushServer(tmp_path / "hub")
    hub.tokens[TOKEN] = "tea"
    with hub.running():
        take = TakePart(make_desk(finished("a"), chosen=replace(settings, endpoints=(hub.url,))))
        said, token = take.push("a" * 20, "tea/leaves", TOKEN, True, "en")
    assert f'href="{hub.url}/tea/leaves"' in said
    assert token == ""
    assert TOKEN not in said


def test_only_runs_that_still_exist_are_offered_for_comparison_and_the_latest_first(make_desk):
    old, new = finished("a"), replace(finished("b", base_model="tea/bert"), queued_at=2.0)
    offered = ComparePart(make_desk(old, new)).offer(" ".join(letter * 20 for letter in "axb"), "en")
    assert [value for _, value in offered["choices"]] == ["b" * 20, "a" * 20]
    assert "tea/bert" in offered["choices"][0][0]
    assert "finished" in offered["choices"][0][0]


def test_choosing_one_run_is_refused_with_how_many_it_takes(make_desk):
    with pytest.raises(BadInput) as refused:
        ComparePart(make_desk(finished("a"))).compare(["a" * 20], "en")
    assert refused.value.values == {"count": 1, "fewest": 2, "most": 4}


def side_by_side(*estimates: tuple[float, float, float], same_rows: bool = True, **different) -> Comparison:
    runs = [
        Compared(
            run=finished(letter),
            size_bytes=8 << 20,
            scores={"accuracy": 0.75, "macro_f1": value},
            intervals={"macro_f1": Estimate(value, low, high)},
        )
        for letter, (value, low, high) in zip("abcd", estimates, strict=False)
    ]
    return Comparison(tuple(runs), different, same_rows)


def test_settings_scores_intervals_seconds_and_megabytes_stand_side_by_side():
    drawn = CompareView(STRINGS).comparison(side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8), epochs=(3, 5)), "en")
    for said in ("<code>epochs</code>", "<td>3</td><td>5</td>", "85%–95%", "60%–80%", "<td>40</td>", "<td>8.0</td>"):
        assert said in drawn, said
    assert drawn.count("<figure") == 2
    assert drawn.count('<g class="is-run-2">') == 2


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8)), "the best one stands above"),
        (side_by_side((0.9, 0.75, 0.95), (0.7, 0.6, 0.8)), "no clear difference"),
        (side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8), same_rows=False), "judged on different rows"),
    ],
)
def test_one_sentence_says_whether_one_run_is_better(found, sentence):
    assert sentence in CompareView(STRINGS).comparison(found, "en")


def test_runs_that_were_not_evaluated_are_not_called_better():
    found = side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8))
    runs = (replace(found.runs[0], intervals={}), found.runs[1])
    assert "cannot be said yet" in CompareView(STRINGS).comparison(replace(found, runs=runs), "en")


def test_what_a_visitor_wrote_is_escaped_side_by_side():
    found = side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8), text_column=("<b>", "文字"))
    base = replace(found.runs[0].run, request=FinetuneRequest("data.csv", base_model="<script>/x"))
    runs = (replace(found.runs[0], run=base), found.runs[1])
    drawn = CompareView(STRINGS).comparison(replace(found, runs=runs), "zh")
    assert "<b></td>" not in drawn
    assert "&lt;b&gt;" in drawn
    assert "<script>" not in drawn


def test_the_key_of_a_base_that_was_a_run_is_not_drawn():
    found = side_by_side((0.9, 0.85, 0.95), (0.7, 0.6, 0.8))
    base = replace(found.runs[0].run, request=FinetuneRequest("data.csv", base_model=f"run:{'k' * 20}"))
    assert "k" * 20 not in CompareView(STRINGS).comparison(
        replace(found, runs=(replace(found.runs[0], run=base),) * 2), "zh"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_own_models_stand_first_in_the_pickers_of_their_task(make_desk, lang):
    classifier, untrained = finished("a"), replace(finished("b"), has_model=False)
    writer = finished("c", task="text-generation")
    desk = make_desk(classifier, untrained, writer)
    pickers = [("text-classification", gr.Dropdown()), ("text-generation", gr.Dropdown())]
    own = OwnRuns(desk.ui, desk.runs, desk.catalog, pickers)
    # The Fine-tune tab was not looked at yet.
    offered = own.offer("", " ".join(["a" * 20, "b" * 20, "c" * 20, "gone"]), lang)
    names = [[value for _, value in update["choices"]] for update in offered]
    assert names[0][:2] == [f"run:{'a' * 20}", "sentiment-zh"]
    assert names[1][:2] == [f"run:{'c' * 20}", "gpt-zh"]

"""The Fine-tune tab without a browser: its handlers over a store that only remembers, and what its view draws."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from demos.curves import Curve, chart, smoothed
from demos.finetune import Handlers
from demos.finetune_data import EXAMPLES
from demos.finetune_options import applicable
from demos.finetune_progress_view import ProgressView
from demos.i18n import LANGUAGES, Strings
from models.errors import BadInput, UnknownRun
from models.finetune.dataset import Notice
from models.finetune.request import FinetuneRequest
from models.finetune.run import Loss, Metrics, Run, Validated

METRICS = Metrics(accuracy=0.75, macro_f1=0.7, loss=0.5, rows=36, confusion=((12, 4), (5, 15)))
FINISHED = Run(
    run_id="abc",
    state="finished",
    request=FinetuneRequest("data.csv"),
    queued_at=1.0,
    step=4,
    steps=4,
    seconds=40.0,
    classes=("好<b>", "差"),
    baseline=0.55,
    losses=tuple(Loss(step, 1 / step, 1e-4) for step in range(1, 5)),
    validation=(Validated(2, 0.7, 36, 0.6, 0.6), Validated(4, 0.5, 36, 0.75, 0.7)),
    metrics=METRICS,
    has_model=True,
)


class FakeRuns:
    """Runs by id; start and stop only change what is remembered."""

    def __init__(self, *runs: Run) -> None:
        self.runs = {run.run_id: run for run in runs}
        self.visitors: list[str] = []

    def start(self, request: FinetuneRequest, visitor: str = "") -> Run:
        self.visitors.append(visitor)
        self.runs["new"] = Run("new", "queued", request, queued_at=2.0)
        return self.runs["new"]

    def status(self, run_id: str) -> Run:
        if run_id not in self.runs:
            raise UnknownRun("errors.unknown_run", run=run_id)
        return self.runs[run_id]

    def stop(self, run_id: str) -> Run:
        self.runs[run_id] = replace(self.runs[run_id], state="stopped")
        return self.runs[run_id]

    def resume(self, run_id: str) -> Run:
        self.runs[run_id] = replace(self.runs[run_id], state="queued")
        return self.runs[run_id]

    def download(self, run_id: str) -> Path:
        return Path(f"{run_id}.zip")


@pytest.fixture
def view() -> ProgressView:
    return ProgressView(Strings.load())


class Label:
    """A part that draws a run as its state."""

    fields = {"file": None, "text_column": None, "label_column": None, "epochs": None}  # noqa: RUF012
    outputs = [None]  # noqa: RUF012

    def show(self, run: Run | None, lang: str) -> list[object]:
        return [f"{lang}: {run.state}" if run else ""]


@pytest.fixture
def make_handlers():
    def make(*runs: Run) -> Handlers:
        return Handlers(FakeRuns(*runs), Strings.load(), [Label()])

    return make


def test_a_started_run_is_kept_first_among_the_visitors_ids_and_is_polled(make_handlers):
    outputs = make_handlers().start("zh", "", "old", str(EXAMPLES["tea"]), "review", "label", 2.0)
    _, run_id, ids, picker, run, _, timer, drawn = outputs
    assert (run_id, ids, picker["value"]) == ("new", "new old", "new")
    assert run.request.epochs == 2
    assert timer.active
    assert drawn == "zh: queued"


def test_starting_without_a_file_is_refused(make_handlers):
    with pytest.raises(BadInput) as refused:
        make_handlers().start("zh", "", "", None, None, None, 2)
    assert refused.value.key == "errors.no_file"


def test_a_page_that_is_opened_again_finds_the_latest_run_that_still_exists(make_handlers):
    run_id, _, run, _, timer, drawn = make_handlers(FINISHED).arrive("gone abc", "", "", "zh")
    assert (run_id, run) == ("abc", FINISHED)
    assert not timer.active
    assert drawn == "zh: finished"


def test_a_link_to_a_run_opens_it_before_the_visitors_own(make_handlers):
    other = replace(FINISHED, run_id="other", state="running")
    handlers = make_handlers(FINISHED, other)
    run_id, picker, run, *_ = handlers.arrive("abc", "", "other", "zh")
    assert (run_id, run, picker["choices"]) == ("other", other, ["other", "abc"])
    assert handlers.arrive("abc", "abc", "other", "zh")[0] == "other"
    assert handlers.arrive("abc", "", "gone", "zh")[0] == "abc"


def test_a_page_without_a_link_to_a_run_says_nothing_of_one(make_handlers):
    assert make_handlers(FINISHED).follow("", "", "", "en")[0] == ""


def test_a_run_that_is_shown_stays_when_the_browsers_ids_are_told_again(make_handlers):
    assert set(map(str, make_handlers(FINISHED).arrive("abc", "abc", "", "zh"))) == {str(gr.skip())}


def test_a_visitor_is_counted_by_a_random_word_that_their_browser_keeps():
    runs = FakeRuns()
    handlers = Handlers(runs, Strings.load(), [Label()])
    values = (str(EXAMPLES["tea"]), "review", "label", 2.0)
    first = handlers.start("zh", "", "", *values)[0]
    assert len(first) > 30
    assert handlers.start("zh", first, "", *values)[0] == first
    assert handlers.start("zh", None, "", *values)[0] != first
    assert runs.visitors[:2] == [first, first]


def test_a_link_to_a_run_that_is_gone_says_so_and_shows_the_visitors_own(make_handlers):
    with pytest.warns(UserWarning, match="&lt;gone&gt;"):
        run_id, *_ = make_handlers(FINISHED).follow("abc", "", "<gone>", "en")
    assert run_id == "abc"


def test_every_way_to_show_a_run_fills_the_same_components(make_handlers):
    handlers = make_handlers(FINISHED)
    arrived = [handlers.arrive("abc", "", "", "zh"), handlers.arrive("", "", "", "zh")]
    arrived.append(handlers.arrive("abc", "abc", "", "zh"))
    assert {len(updates) for updates in arrived} == {6}
    assert len(handlers.open_run("abc", "", "zh")) == len(handlers.open_run("", "", "zh")) == 7


def test_stop_and_resume_change_the_state_and_the_timer(make_handlers):
    handlers = make_handlers(replace(FINISHED, state="running", phase="training", metrics=None, has_model=False))
    run, _, timer, _ = handlers.stop("abc", "zh")
    assert (run.state, timer.active) == ("stopped", False)
    run, _, timer, _ = handlers.resume("abc", "zh")
    assert (run.state, timer.active) == ("queued", True)


def test_another_language_redraws_the_steps_and_every_part(make_handlers):
    steps_drawn, _, drawn = make_handlers(FINISHED).redraw(None, FINISHED, "en")
    assert "Evaluate" in steps_drawn
    assert drawn == "en: finished"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", ["queued", "running", "finished", "stopped", "failed", "interrupted"])
def test_every_state_and_phase_is_said_in_both_languages(view, state, lang):
    run = replace(FINISHED, state=state, seconds_left=200.0, downloaded=(1 << 20, 9 << 20), ahead=2)
    for phase in ("", "loading", "downloading", "preparing", "training", "evaluating", "saving", "comparing"):
        drawn = view.run(replace(run, phase=phase), lang)
        assert "{" not in drawn
        assert view.said(replace(run, phase=phase), lang) in drawn


@pytest.mark.parametrize("lang", LANGUAGES)
def test_scores_and_curves_are_drawn(view, lang):
    drawn = view.run(FINISHED, lang)
    assert "75.0%" in drawn
    assert "70.0%" in drawn
    assert drawn.count("<svg") == 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_while_it_trains_the_pace_and_the_time_left_are_said(view, lang):
    run = replace(FINISHED, state="running", phase="training", rows_per_second=123.4, seconds_left=200.0, metrics=None)
    drawn = view.run(run, lang)
    assert "123" in drawn
    assert view.duration(200.0, lang) in drawn


def test_a_queued_run_says_its_place_and_its_wait_where_that_is_known(view):
    queued = replace(FINISHED, state="queued", phase="", ahead=1, metrics=None)
    assert view.said(queued, "en") == "Queued, 1 before it"
    assert view.said(replace(queued, wait_seconds=300.0), "en") == "Queued, 1 before it, its turn in about 5 min"


def test_an_ended_run_names_the_day_of_its_end_and_warns_when_it_is_near(view):
    far, near = (replace(FINISHED, expires_at=time.time() + days * 86400) for days in (30, 1))
    assert time.strftime("%Y-%m-%d", time.localtime(far.expires_at)) in view.run(far, "en")
    assert "is-warning" not in view.run(far, "en")
    assert "is-warning" in view.run(near, "en")


def test_a_run_is_reached_again_by_a_link_that_opens_its_tab(view):
    assert 'href="?tab=finetune&amp;run=abc"' in view.run(FINISHED, "en")


def test_a_writer_has_a_curve_of_perplexity_and_no_accuracy(view):
    validation = (Validated(2, 3.0, 36, perplexity=20.0), Validated(4, 2.0, 36, perplexity=7.4))
    drawn = view.run(replace(FINISHED, validation=validation, metrics=Metrics(2.0, 36, perplexity=7.4)), "en")
    assert "Perplexity" in drawn
    assert "Accuracy" not in drawn


def test_the_options_of_a_method_that_is_not_chosen_are_greyed_out():
    layers, rank = applicable("lora")
    assert (layers["interactive"], rank["interactive"]) == (False, True)
    layers, rank = applicable("last_layers")
    assert (layers["interactive"], rank["interactive"]) == (True, False)


def test_a_score_no_better_than_guessing_is_said(view):
    drawn = view.run(replace(FINISHED, baseline=0.8), "en")
    assert "no better than always guessing" in drawn


def test_a_failure_is_said_in_a_sentence_with_what_it_names_escaped(view):
    error = Notice("errors.no_such_folder", {"folder": "<script>x</script>"})
    drawn = view.run(replace(FINISHED, state="failed", error=error), "zh")
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn


def test_a_chart_keeps_its_points_inside_the_picture():
    drawn = chart("t", [Curve("a<b", [(0, 0.0), (10, 2.0)], "is-main", dots=True)], last_step=10)
    assert '<polyline points="40.0,130.0 312.0,8.0"/>' in drawn
    assert "a&lt;b" in drawn


def test_a_chart_of_small_numbers_fills_its_height():
    drawn = chart("t", [Curve("rate", [(0, 0.0), (10, 3e-4)], "is-main")], last_step=10)
    assert '<polyline points="40.0,130.0 312.0,8.0"/>' in drawn
    assert ">3e-4<" in drawn
    assert ">1.5e-4<" in drawn


def test_smoothing_follows_the_mean_from_the_first_point_on():
    assert smoothed([(1, 2.0), (2, 2.0)]) == [(1, 2.0), (2, 2.0)]
    assert 1.0 < smoothed([(1, 1.0), (2, 3.0)])[-1][1] < 3.0

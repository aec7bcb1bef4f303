"""Step 2 on the page: a plan is waited for and drawn, minutes fill the controls, a preview marks the changed words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from demos.finetune_plan import FITTED, PlanHandlers
from demos.finetune_plan_view import PlanView
from demos.i18n import LANGUAGES, Strings
from models.errors import BadInput
from models.finetune.plan import Plan, Seconds
from models.finetune.preview import ChangedRow
from models.finetune.request import FinetuneRequest
from models.settings import MB

NAMES = ("file", "method", "layers", "learning_rate", "max_length", "epochs")
VALUES = ("data.csv", "full", 0, 1e-4, 128, 6)
PLAN = Plan(
    request=FinetuneRequest("data.csv", method="full", learning_rate=1e-4),
    seconds=Seconds(loading=9.0, training=200.0, saving=0.2, comparing=31.0),
    steps=54,
    train_rows=1440,
    validation_rows=216,
    held_out_rows=360,
    alike_rows=12,
    is_divided=False,
    cut_rows=7,
    class_weights=(("好<b>", 0.6), ("差", 2.4)),
    parameters=26_000_000,
    peak_bytes=900 * MB,
    result_bytes=52 * MB,
)


class Planning:
    """Runs that plan at once."""

    def __init__(self, plan: Plan | None = None, rows: tuple[ChangedRow, ...] = ()) -> None:
        self._plan, self._rows = plan, rows

    def plan(self, request, minutes=0, tell=None):
        if self._plan is None:
            raise BadInput("errors.plan_too_large", needed="9,000", available="800")
        if tell:
            tell("measuring", 0.5)
        return replace(self._plan, request=replace(request, epochs=2, max_length=64)) if minutes else self._plan

    def preview(self, request):
        return self._rows


def handlers(plan: Plan | None = PLAN, rows: tuple[ChangedRow, ...] = ()) -> PlanHandlers:
    return PlanHandlers(Planning(plan, rows), PlanView(Strings.load()), NAMES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_is_drawn_with_its_minutes_memory_size_split_and_weights(lang):
    *_, (plan, changed, drawn) = handlers().plan(lang, *VALUES)
    assert (plan, changed) == (PLAN, ())
    for said in ("4.0", "900 MB", "52 MB", "1,440", "216", "360", "54", "12", "128", "×2.4"):
        assert said in drawn
    assert "<b>" not in drawn.split("tea-plan-lines")[1]  # a label is the visitor's text
    assert "is-saving" not in drawn  # a phase of a moment takes no room


@pytest.mark.parametrize("lang", LANGUAGES)
def test_near_duplicates_on_both_sides_are_said_to_flatter_the_scores(lang):
    said, view = Strings.load(), PlanView(Strings.load())
    for is_divided, key in ((False, "finetune.plan.alike"), (True, "finetune.plan.divided")):
        assert said.text(key, lang, rows="12") in view.plan(replace(PLAN, is_divided=is_divided), (), lang)


def test_some_minutes_fill_the_controls_and_name_what_was_changed():
    *_, (_, changed, drawn, *controls) = handlers().fit("zh", 3, *VALUES)
    assert changed == ("max_length", "epochs")
    assert dict(zip(FITTED, controls, strict=True)) == {
        "method": "full",
        "layers": 0,
        "learning_rate": 1e-4,
        "max_length": 64,
        "epochs": 2,
    }
    assert "遍数 2" in drawn


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_that_does_not_fit_is_refused_in_its_place_with_both_figures(lang):
    *_, (plan, _, drawn) = handlers(None).plan(lang, *VALUES)
    assert plan is None
    assert "is-problem" in drawn
    assert "9,000" in drawn
    assert "800" in drawn


def test_without_a_table_the_plan_asks_for_one():
    *_, (_, _, drawn) = handlers().plan("zh", None, *VALUES[1:])
    assert "is-problem" in drawn


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_phase_of_a_measuring_is_said(lang):
    view = PlanView(Strings.load())
    said = {view.progress(phase, 0.0, lang) for phase in ("", "loading", "measuring", "saving")}
    assert len(said) == 3


def test_a_preview_strikes_out_what_went_marks_what_came_and_escapes_the_visitors_text():
    rows = (ChangedRow("这茶<i>很香", "好<b>", "这茶<i>真香"), ChangedRow("茶", "差", "茶"))
    _, drawn = handlers(rows=rows).preview("zh", *VALUES)
    assert "<del>" in drawn
    assert "<ins>" in drawn
    assert "<i>" not in drawn
    assert "好<b>" not in drawn
    assert Strings.load().text("finetune.plan.unchanged", "zh") in drawn

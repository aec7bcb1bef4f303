"""The view «tokens» with a tracer that computes nothing: what is asked of it, what is drawn, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import gradio as gr
import pytest

from demos.continuation import Shown
from demos.continuation_tokens import Handlers
from demos.i18n import Strings
from demos.sampling import SamplingControls
from demos.tokens_view import Branch, Looked, TokensView, percent
from demos.waiting import Waiter
from models.errors import BadInput
from models.progress import Progress
from models.sampling import GenerationOptions
from models.tracing import Alternative, Trace, TracedToken, Written

STRINGS = Strings.load()
OPTIONS = GenerationOptions(seed=3)


def token(text: str, id: int = 1, **more) -> TracedToken:
    other = Alternative(9, "<b>", 0.2, 0.0, "top_k")
    return TracedToken(id, text, 0.4, 0.3, (Alternative(id, text, 0.4, 0.3), other), 7, 0.7, **more)


class Tracer:
    """Writes as many tokens as asked, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def trace(
        self, prompt: str, model: str, options: GenerationOptions, prefix: Sequence[int], *, is_whole: bool
    ) -> Iterator:
        self.asked.append((prompt, model, options, list(prefix), is_whole))
        yield Written(1, 3, f"{prompt}茶")
        yield Progress(1, 3)
        begun = [token("茶", id, forced=True) for id in prefix]
        yield Trace(prompt, (*begun, token("茶"), token("\n"), token("<i>")))


@pytest.fixture
def tracer() -> Tracer:
    return Tracer()


@pytest.fixture
def handlers(tracer: Tracer) -> Handlers:
    waiter = Waiter(SimpleNamespace(waiting_for=lambda model: None), STRINGS)
    ui = SimpleNamespace(strings=STRINGS)
    return Handlers(SimpleNamespace(ui=ui, waiter=waiter, sampling=SamplingControls([])), tracer)


def silent(*_: object, **__: object) -> None:
    """Progress that nobody looks at."""


def event(**data: str) -> gr.EventData:
    return gr.EventData(None, data)


def looked(branches: int = 1, chosen: int | None = None) -> Looked:
    trace = Trace("水", (token("茶"), token("香"), token("。")))
    others = (Branch(trace, number, 1) for number in range(branches - 1))
    return Looked("gpt-zh", OPTIONS, (Branch(trace), *others), chosen=chosen)


def test_the_text_that_was_written_is_traced_with_its_own_options_as_far_as_it_went(handlers, tracer) -> None:
    shown = Shown("水", "茶香", OPTIONS, "run:1", (5, 6), finished=True)
    *_, (found, drawn) = handlers.look(shown, "别的", "gpt-zh", "zh", silent, 50, 1.0, 0, 1.0, 1.0, 4)
    assert tracer.asked == [("水", "run:1", OPTIONS, [5, 6], True)]
    assert found.trace.prompt == "水"
    assert drawn.count("data-token=") == 5


def test_where_nothing_was_written_a_short_text_is(handlers, tracer) -> None:
    list(handlers.look(None, "水", "gpt-zh", "zh", silent, 200, 1.0, 0, 1.0, 1.0, 4))
    ((prompt, model, options, prefix, is_whole),) = tracer.asked
    assert (prompt, model, prefix, is_whole) == ("水", "gpt-zh", [], False)
    assert (options.max_new_tokens, options.seed) == (60, 4)


def test_a_click_on_a_token_shows_its_alternatives_and_computes_nothing(handlers, tracer) -> None:
    ((found, drawn),) = handlers.click(looked(), "en", event(token="1"), silent)
    assert found.chosen == 1
    assert "the model gave it 40.0 %" in drawn
    assert "cut by top-k" in drawn
    assert tracer.asked == []


def test_a_click_on_an_alternative_writes_a_branch_from_there(handlers, tracer) -> None:
    steps = list(handlers.click(looked(chosen=1), "zh", event(id="9"), silent))
    assert tracer.asked == [("水", "gpt-zh", OPTIONS, [1, 9], False)]
    found, drawn = steps[-1]
    assert (found.current, found.chosen) == (1, 1)
    assert drawn.count("data-branch=") == 2
    ((back, _),) = handlers.click(found, "zh", event(branch="0"), silent)
    assert back.trace == looked().trace


def test_the_text_itself_is_never_dropped_for_more_branches(handlers) -> None:
    found = looked(branches=12, chosen=1)
    *_, (more, _) = handlers.click(found, "zh", event(id="9"), silent)
    assert len(more.branches) == 12
    assert more.branches[0] == found.branches[0]
    assert more.current == 11


@pytest.mark.parametrize("data", [{}, {"token": "<b>"}, {"token": "-1"}, {"id": "9" * 40}])
def test_a_click_that_names_nothing_changes_nothing(handlers, tracer, data) -> None:
    assert list(handlers.click(looked(), "zh", event(**data), silent)) == []
    assert list(handlers.click(None, "zh", event(token="1"), silent)) == []


def test_an_alternative_without_a_place_is_refused(handlers) -> None:
    with pytest.raises(BadInput):
        list(handlers.click(looked(), "zh", event(id="9"), silent))


def test_what_models_wrote_is_escaped_and_shares_are_never_rounded_to_certainty() -> None:
    view = TokensView(STRINGS)
    trace = Trace("<b>", (token("<i>"), token("", 2), token("\n", 3)))
    drawn = view.draw(Looked("gpt-zh", OPTIONS, (Branch(trace), Branch(trace, 0, 0)), 1, 0), "zh")
    assert "<b>水" not in drawn
    assert "<i>" not in drawn.replace("<i></i>", "").replace('<i style="', "")
    assert "&lt;b&gt;" in drawn
    assert view.writing("<b>", "<i>").count("&lt;") == 2
    assert [percent(0.0), percent(0.0004), percent(0.99999), percent(1.0)] == [
        "0.0 %",
        "&lt;0.1 %",
        "&gt;99.9 %",
        "100.0 %",
    ]


def test_a_repeated_token_and_the_end_of_the_text_are_told() -> None:
    others = (Alternative(1, "茶", 0.5, 0.4, "", True), Alternative(2, "<|x|>", 0.5, 0.6, is_end=True))
    trace = Trace("水", (TracedToken(1, "茶", 0.5, 0.4, others, 0, 0.0),))
    drawn = TokensView(STRINGS).draw(Looked("gpt-zh", OPTIONS, (Branch(trace),), chosen=0), "en")
    assert drawn.count("↺") == 2
    assert "the end</b>" in drawn
    assert "&lt;|x|" not in drawn


def test_a_model_that_wrote_nothing_says_so() -> None:
    drawn = TokensView(STRINGS).draw(Looked("gpt-zh", OPTIONS, (Branch(Trace("水", ())),)), "en")
    assert "no token at all" in drawn

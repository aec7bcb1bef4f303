"""A view that is opened and closed in Chromium, with a computation that can be watched instead of a model."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import expect

from demos import opening, theme
from demos.i18n import Localizer, Strings

pytestmark = pytest.mark.browser
STEPS, STEP = 40, 0.1  # of the work, and seconds each
_BOX = "#tea-view-words > button"


class Counting:
    """Counts as long as somebody asks for the next number."""

    def __init__(self) -> None:
        self.steps = 0

    def count(self, text: str) -> Iterator[str]:
        for step in range(STEPS):
            time.sleep(STEP)
            self.steps += 1
            yield f"{text} {step + 1} of {STEPS}"


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def page(browser, counting: Counting):
    with gr.Blocks(analytics_enabled=False) as blocks:
        ui = Localizer(Strings.load())
        text = gr.Textbox("tea", elem_id="text")
        answer = gr.State("tea")
        with opening.view(ui, "words") as view:
            shown = gr.HTML(elem_id="shown")
        text.submit(lambda words: words, text, answer)
        opening.connect(view, counting.count, [answer], [shown], follows=[answer.change])
    blocks.queue(api_open=False)
    _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True, head=theme.head(), css=theme.css())
    context = browser.new_context(viewport={"width": 900, "height": 800})
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(_BOX)
    page.wait_for_timeout(500)  # for its events to be connected
    yield page
    context.close()
    blocks.close()


def test_a_folded_view_computes_nothing(page, counting: Counting):
    page.locator("#text textarea, #text input").first.fill("cup")
    page.locator("#text textarea, #text input").first.press("Enter")
    page.wait_for_timeout(1000)
    assert counting.steps == 0


def test_an_opened_view_computes_and_one_closed_in_the_middle_stops(page, counting: Counting):
    page.locator(_BOX).click()
    expect(page.locator("#shown")).to_contain_text(re.compile(r"tea \d+ of"))
    page.locator(_BOX).click()
    _settled(page, counting)
    assert counting.steps < STEPS


def test_an_open_view_follows_what_it_is_about(page, counting: Counting):
    page.locator(_BOX).click()
    expect(page.locator("#shown")).to_contain_text(re.compile(r"tea \d+ of"))
    page.locator("#text textarea, #text input").first.fill("cup")
    page.locator("#text textarea, #text input").first.press("Enter")
    expect(page.locator("#shown")).to_contain_text(f"cup {STEPS} of")
    assert counting.steps < 2 * STEPS  # the work on the text before was given up


def test_the_address_names_the_open_view(page):
    page.locator(_BOX).click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('view') === 'words'")
    page.locator(_BOX).click()
    page.wait_for_function("() => !new URL(location.href).searchParams.has('view')")


def _settled(page, counting: Counting) -> None:
    """Waits until nothing is computed any more, which a cancelled step may still do."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        before = counting.steps
        page.wait_for_timeout(int(5 * STEP * 1000))
        if counting.steps == before:
            return
    raise AssertionError("the computing goes on")

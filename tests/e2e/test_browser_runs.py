"""What one does with runs in Chromium: set them side by side, push one to the Hub, evaluate it later, talk to a writer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
WHOLE_RUN = 300_000  # ms; some 10 s on two idle cores


def test_two_runs_stand_side_by_side_and_one_goes_to_the_hub(visit, home, hub):
    page = visit("?tab=finetune", lang="en")
    runs = [_trained(page, "topics", method=method, epochs=1) for method in ("head only", "last layers")]
    page.get_by_text("Compare runs").click()
    chosen = page.locator("#tea-finetune-compared input")
    for run in runs:
        chosen.fill(run)
        chosen.press("Enter")
    page.locator("#tea-finetune-compare").click()
    compared = page.locator("#tea-finetune-comparison")
    expect(compared.locator(".tea-notice")).to_contain_text("On the same rows")
    expect(compared.locator("svg")).to_have_count(2)
    expect(compared.locator("tr", has_text="method")).to_contain_text("last_layers")

    page.get_by_text("Push to the Hub").click()
    page.locator("#tea-finetune-repository input, #tea-finetune-repository textarea").fill("tea/leaves")
    token = page.locator("#tea-finetune-token input")
    token.fill("hf_not-one-it-knows")
    page.locator("#tea-finetune-push").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("token")
    token.fill(next(iter(hub.tokens)))
    page.locator("#tea-finetune-push").click()
    expect(page.locator("#tea-finetune-pushed")).to_contain_text("tea/leaves")
    expect(token).to_have_value("")
    assert "model.safetensors" in {path.name for path in hub.repositories["tea/leaves"].files()}


def test_a_run_whose_comparison_is_missing_can_be_evaluated_now(visit, home):
    page = visit("?tab=finetune", lang="en")
    run = _trained(page, "topics", method="head only", epochs=1)
    (home / "runs" / run / "evaluation.json").unlink()
    friend = visit(f"?tab=finetune&run={run}", lang="zh")
    friend.locator("#tea-evaluation-compute").click()
    expect(friend.locator(".tea-worth-verdict")).to_contain_text("F1", timeout=WHOLE_RUN)
    expect(friend.locator("#tea-evaluation-compute")).to_be_hidden()


def test_a_small_assistant_learns_a_table_of_answers_and_is_talked_to_at_once(visit):
    page = visit("?tab=finetune", lang="en")
    page.locator("#tea-finetune-desk").click()
    expect(page.locator("#tea-finetune-task input").nth(1)).to_be_checked()
    _train(page, epochs=1)
    expect(page.locator(".tea-writing-verdict")).to_contain_text("perplexity", timeout=60_000)
    page.locator("#tea-finetune-use").click()
    expect(page.locator("#tea-generation .tea-picker input").first).to_have_value(re.compile("run:"))
    page.locator("#tea-chat-message textarea, #tea-chat-message input").first.fill("你们几点开门？")
    page.locator("#tea-chat-send").click()
    expect(page.locator("#tea-chat-talk .bot").first).to_contain_text(re.compile(r"\S"))


def _trained(page: Page, example: str, *, method: str, epochs: int) -> str:
    """The id of a run on one of the tab's own tables, once it has ended."""
    before = page.locator("#tea-finetune-runs input").input_value() if "run=" in page.url else ""
    page.locator(f"#tea-finetune-{example}").click()
    expect(page.locator("#tea-finetune-start")).to_be_enabled()
    if not page.locator("#tea-option-method").is_visible():
        page.locator("#tea-more .label-wrap").click()
    page.locator("#tea-option-method input").click()
    page.get_by_role("option", name=re.compile(method, re.IGNORECASE)).click()
    return _train(page, epochs, before)


def _train(page: Page, epochs: int, before: str = "") -> str:
    number = page.locator("#tea-option-epochs input[type=number]")
    number.fill(str(epochs))
    number.press("Tab")
    page.locator("#tea-finetune-start").click()
    picker = page.locator("#tea-finetune-runs input")
    expect(picker).to_have_value(re.compile(rf"^(?!{before or 'none'})[a-z2-9]{{20}}$"))
    expect(page.locator("#tea-finetune-run")).to_contain_text("Finished in", timeout=WHOLE_RUN)
    return picker.input_value()

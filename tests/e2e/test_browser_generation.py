"""The Text generation tab in Chromium: a poem at once, a stop that stops, a chat that is kept and exported."""

from __future__ import annotations

import re
import time
from contextlib import closing

import pytest
from gradio_client import Client
from pickers import type_model
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
INNER = {"zh": {"continue": "续写", "chat": "聊天"}, "en": {"continue": "Continue", "chat": "Chat"}}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_one_click_on_an_example_writes_a_poem_in_its_form(visit, lang):
    page = visit("?tab=generation", lang=lang)
    page.locator("#tea-poem-examples button, #tea-poem-examples .gallery-item").first.click()
    expect(page.locator("#tea-poem-result .tea-kept")).to_contain_text("✓")
    lines = page.locator("#tea-poem-result .tea-poem p").all_inner_texts()
    assert [len(part) for line in lines for part in re.split("[，。]", line) if part] == [5, 5, 5, 5]


def test_an_acrostic_stands_at_the_heads_of_the_lines(visit):
    page = visit("?tab=generation", lang="zh")
    page.locator("#tea-poem-acrostic input, #tea-poem-acrostic textarea").first.fill("春暖花开")
    page.locator("#tea-poem-run").click()
    expect(page.locator("#tea-poem-result .tea-kept")).to_have_count(2)
    lines = page.locator("#tea-poem-result .tea-poem p").all_inner_texts()
    assert "".join(part[0] for line in lines for part in re.split("[，。]", line) if part) == "春暖花开"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_stopped_text_stays_and_its_model_is_free_within_half_a_second(visit, server, lang):
    page = visit("?tab=generation", lang=lang)
    type_model(page, "generation", "tea/deep-gpt2")
    page.get_by_role("tab", name=INNER[lang]["continue"]).click()
    page.locator("#tea-generation-sampling summary, .tea-sampling .label-wrap").first.click()
    page.locator("#tea-max-new-tokens input[type=number]").fill("480")
    with closing(Client(server, verbose=False)) as client:
        page.locator("#tea-continue-run").click()
        expect(page.locator("#tea-continue-result .tea-written")).to_have_text(re.compile(r"\S"))
        assert _leases(client, "tea/deep-gpt2") == 1
        page.locator("#tea-continue-stop").click()
        clicked = time.monotonic()
        _until(lambda: _leases(client, "tea/deep-gpt2") == 0)
        assert time.monotonic() - clicked < 1.5  # half a second, and the requests that ask for it
    written = page.locator("#tea-continue-result").inner_text()
    page.wait_for_timeout(700)
    assert page.locator("#tea-continue-result").inner_text() == written
    assert written.strip()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_chat_answers_and_is_cleared(visit, lang):
    page = visit("?tab=generation", lang=lang)
    page.get_by_role("tab", name=INNER[lang]["chat"]).click()
    page.locator("#tea-chat-message textarea, #tea-chat-message input").first.fill("你好！")
    page.locator("#tea-chat-send").click()
    expect(page.locator("#tea-chat-talk .bot").first).to_contain_text(re.compile(r"\S"))
    expect(page.locator("#tea-chat-stop")).to_be_disabled()
    with page.expect_download() as download:
        page.locator("#tea-chat-export").click()
    assert "你好！" in download.value.path().read_text("utf-8")
    page.locator("#tea-chat-clear").click()
    expect(page.locator("#tea-chat-talk .bot")).to_have_count(0)


def _leases(client: Client, name: str) -> int:
    return next((entry["leases"] for entry in client.predict(api_name="/models")["cache"] if entry["name"] == name), 0)


def _until(holds, seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)

"""The Fine-tune tab in Chromium: train on a small csv to the end, reload in the middle, use the model at once."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
WHOLE_RUN = 300_000  # ms; some 40 s on two idle cores
POSITIVE_TEXT = "茶汤清亮，香气很足，店家也热情。"


def test_a_run_goes_on_through_a_reload_and_its_model_answers_in_the_sentiment_tab(visit, server):
    page = visit("?tab=finetune", lang="en")
    page.locator("#tea-finetune-tea").click()
    expect(page.locator("#tea-finetune-dataset")).to_contain_text("好评")
    page.locator("#tea-finetune-start").click()
    expect(page.locator("#tea-finetune-stop")).to_be_visible()
    expect(page.locator("#tea-finetune-run svg").first).to_be_visible(timeout=WHOLE_RUN)

    page.goto(f"{server}/?tab=finetune")
    expect(page.locator("#tea-finetune-run svg").first).to_be_visible(timeout=60_000)
    expect(page.locator("#tea-finetune-run")).to_contain_text("Finished in", timeout=WHOLE_RUN)

    expect(page.locator(".tea-worth-verdict")).to_contain_text("F1", timeout=60_000)
    page.locator("#tea-evaluation-text textarea").fill(POSITIVE_TEXT)
    page.locator("#tea-evaluation-try-button").click()
    expect(page.locator("#tea-evaluation-answer")).to_contain_text("好评", timeout=60_000)

    with page.expect_download() as download:
        page.locator("#tea-finetune-download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert any(name.endswith("config.json") for name in archive.namelist())

    page.locator("#tea-finetune-use").click()
    expect(page.locator("#tea-sentiment .tea-picker input").first).to_have_value(re.compile("run:"))
    page.locator("#tea-sentiment-text textarea").fill(POSITIVE_TEXT)
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text("好评")


def test_a_stopped_run_is_seen_by_its_link_alone(visit):
    page = visit("?tab=finetune", lang="zh")
    page.locator("#tea-finetune-topics").click()
    expect(page.locator("#tea-finetune-dataset")).to_contain_text("点心")
    page.locator("#tea-finetune-start").click()
    page.locator("#tea-finetune-stop").click()
    expect(page.locator("#tea-finetune-run")).to_contain_text(re.compile("停"), timeout=60_000)
    expect(page.locator("#tea-finetune-stop")).to_be_hidden()

    stranger = visit("?tab=finetune", lang="zh")
    stranger.wait_for_timeout(1500)
    expect(stranger.locator("#tea-finetune-run")).to_contain_text("还没有开始训练")
    expect(stranger.locator("#tea-finetune-stop")).to_be_hidden()

    page.wait_for_url(re.compile("run=[a-z2-9]{20}"))
    friend = visit("?" + page.url.partition("?")[2], lang="zh")
    expect(friend.locator("#tea-finetune-run")).to_contain_text(re.compile("停"))
    expect(friend.locator("#tea-finetune-resume")).to_be_visible()


def test_a_plan_says_minutes_and_memory_before_anything_is_trained(visit):
    page = visit("?tab=finetune", lang="en")
    page.locator("#tea-finetune-topics").click()
    expect(page.locator("#tea-finetune-start")).to_be_enabled()
    page.locator("#tea-finetune-plan").click()
    expect(page.locator("#tea-finetune-planned")).to_contain_text(re.compile("MB|GB"), timeout=180_000)


def test_a_table_without_labels_is_refused_in_words(visit, tmp_path):
    table = tmp_path / "one.csv"
    table.write_text("text,label\n好,a\n很好,a\n真好,a\n", encoding="utf-8")
    page = visit("?tab=finetune", lang="en")
    page.locator("#tea-finetune-file input[type=file]").set_input_files(str(table))
    expect(page.locator("#tea-finetune-dataset")).to_contain_text("class")
    expect(page.locator("#tea-finetune-start")).to_be_disabled()


def test_a_broken_table_is_repaired_by_one_click_and_ones_own_can_be_taken_back(visit, tmp_path):
    rows = [f"茶很香，第{n}次来还是喜欢,好" if n % 2 else f"等了{n}刻钟，点心也冷了,差" for n in range(24)]
    table = tmp_path / "mine.csv"
    table.write_bytes("\n".join(["text,label", *rows, "茶不错, 就是贵,好", ",差", ""]).encode("gb18030"))
    page = visit("?tab=finetune", lang="en")
    page.locator("#tea-finetune-file input[type=file]").set_input_files(str(table))
    problem = page.locator("#tea-finetune-dataset .tea-finding.is-problem")
    expect(problem).to_contain_text("Row 26")
    expect(page.locator("#tea-finetune-start")).to_be_disabled()
    page.locator("#tea-finetune-repair").click()
    expect(page.locator("#tea-finetune-repaired")).to_contain_text("26 rows became 25")
    expect(problem).to_have_count(0)
    expect(page.locator("#tea-finetune-start")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#tea-finetune-download-repaired").click()
    assert "茶不错, 就是贵" in Path(download.value.path()).read_text("utf-8-sig")
    page.locator("#tea-finetune-original").click()
    expect(problem).to_contain_text("Row 26")
    expect(page.locator("#tea-finetune-start")).to_be_disabled()

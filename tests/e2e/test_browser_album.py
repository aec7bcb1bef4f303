"""The view «album» in Chromium: several pictures judged together, in both languages, and the csv of it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PICTURES = Path(__file__).resolve().parents[2] / "assets" / "examples" / "pictures"
_FOLD = "#tea-view-album > button.label-wrap"


@pytest.mark.parametrize(("lang", "refusal"), [("zh", "读不出图片"), ("en", "cannot be read as a picture")])
def test_uploaded_pictures_are_judged_by_all_three_and_come_as_csv(visit, tmp_path, lang, refusal):
    broken = tmp_path / "broken.png"
    broken.write_text("tea")
    page = visit("?tab=vision", lang=lang)
    page.locator(_FOLD).click()
    page.locator("#tea-album-files input[type=file]").set_input_files([str(PICTURES / "cat.jpg"), str(broken)])
    expect(page.locator("#tea-album-files")).to_contain_text("broken")
    page.locator("#tea-album-judge").click()
    cards = page.locator("#tea-album-grid li")
    expect(cards).to_have_count(2)
    expect(cards.first.locator("dd b")).to_have_count(3)
    expect(cards.first).to_contain_text("cat" if lang == "en" else "猫")
    expect(cards.nth(1)).to_contain_text(refusal)
    expect(page.locator("#tea-album-download")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#tea-album-download").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        head, first, second = csv.reader(file)
    assert head[0] == "file"
    assert (first[0], first[3], first[5]) == ("cat.jpg", "cat", "cat")
    assert refusal in second[-1]


def test_the_example_pictures_take_one_click_and_can_be_read_in_the_other_language_on_a_phone(visit):
    page = visit("?tab=vision", lang="zh", width=360)
    page.locator(_FOLD).click()
    page.locator("#tea-album-examples").click()
    expect(page.locator("#tea-album-status")).to_contain_text("答得一样")
    expect(page.locator("#tea-album-grid li")).to_have_count(len(list(PICTURES.glob("*.jpg"))))
    page.get_by_label("English").check()
    expect(page.locator("#tea-album-status")).to_contain_text("gave the same answer")
    expect(page.locator("#tea-album-grid li.is-split").first).to_contain_text("they disagree")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_address_opens_it(visit):
    page = visit("?tab=vision&view=album", lang="zh")
    page.wait_for_timeout(1000)
    expect(page.locator("#tea-album-examples")).to_be_visible(timeout=1000)


def test_without_a_picture_one_sentence_says_what_is_missing(visit):
    page = visit("?tab=vision", lang="en")
    page.locator(_FOLD).click()
    page.locator("#tea-album-judge").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("There are no pictures yet")


def test_folding_the_view_stops_the_work(visit, tmp_path):
    large = tmp_path / "large.png"
    Image.new("RGB", (6000, 6000), "orange").save(large)  # a small file that takes long to open
    page = visit("?tab=vision", lang="en")
    page.locator(_FOLD).click()
    page.locator("#tea-album-files input[type=file]").set_input_files([str(large)] * 12)
    expect(page.locator("#tea-album-files .file")).to_have_count(12)
    page.locator("#tea-album-judge").click()
    expect(page.locator("#tea-album-status")).to_contain_text("of 36 answers")
    page.locator(_FOLD).click()
    page.wait_for_timeout(1000)
    page.locator(_FOLD).click()
    expect(page.locator("#tea-album-status")).to_contain_text("Stopped after")
    page.wait_for_timeout(1500)
    expect(page.locator("#tea-album-status")).to_contain_text("Stopped after")

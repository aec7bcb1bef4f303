"""The Sentiment tab in Chromium, in both languages."""

from __future__ import annotations

import re

import pytest
from pickers import type_model
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
POSITIVE = {"zh": "正面", "en": "positive"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_one_click_on_an_example_answers(visit, lang):
    page = visit("?tab=sentiment", lang=lang)
    page.locator("#tea-sentiment-examples button, #tea-sentiment-examples .gallery-item").first.click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text(re.compile(r"\d+(\.\d+)?\s?%"))
    expect(page.locator("#tea-sentiment-result")).to_contain_text(POSITIVE[lang])


def test_another_model_names_an_emotion_in_the_language_of_the_page(visit):
    page = visit("?tab=sentiment", lang="zh")
    type_model(page, "sentiment", "emotion-zh")
    page.locator("#tea-sentiment-text textarea").fill("今天终于放假啦，太开心了！")
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-result .tea-verdict")).to_contain_text("喜悦")
    page.get_by_label("English").click()
    expect(page.locator("#tea-sentiment-result .tea-verdict")).to_contain_text("happiness")


def test_the_answer_is_reworded_with_the_page(visit):
    page = visit("?tab=sentiment", lang="zh")
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text("正面")
    page.get_by_label("English").click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text("positive")


CHECK = {"zh": "随机删", "en": "Random"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_words_that_spoke_for_it_are_one_click_away(visit, lang):
    page = visit("?tab=sentiment", lang=lang)
    page.locator("#tea-sentiment-text textarea").fill("房间很干净，可是早餐太难吃了。")
    page.locator("#tea-sentiment-run").click()
    page.locator("#tea-view-words > button").click()
    expect(page.locator("#tea-sentiment-reasons .tea-heat").first).to_contain_text("干净")
    expect(page.locator("#tea-sentiment-reasons .tea-deletion")).to_contain_text(CHECK[lang])
    page.get_by_label("English" if lang == "zh" else "中文").click()
    expect(page.locator("#tea-sentiment-reasons .tea-deletion")).to_contain_text(CHECK["en" if lang == "zh" else "zh"])


def test_a_new_answer_is_explained_while_the_view_is_open(visit):
    page = visit("?tab=sentiment&view=words", lang="zh")
    expect(page.locator("#tea-sentiment-reasons .tea-check-verdict")).to_be_visible()
    page.locator("#tea-sentiment-text textarea").fill("菜又凉又咸，再也不来了。")
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-reasons .tea-heat").first).to_contain_text("又凉又咸")


@pytest.mark.parametrize(
    ("lang", "sentence"), [("zh", re.compile("[\u4e00-\u9fff]{4}")), ("en", re.compile("[a-z]{3,} "))]
)
def test_an_empty_text_gets_a_sentence_and_the_model_stays_chosen(visit, lang, sentence):
    page = visit("?tab=sentiment", lang=lang)
    page.locator("#tea-sentiment-text textarea").fill("")
    page.locator("#tea-sentiment-run").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text(sentence)
    expect(page.locator("#tea-sentiment .tea-picker input").first).to_have_value(re.compile("sentiment-zh"))


def test_many_lines_make_a_table_and_a_csv(visit):
    page = visit("?tab=sentiment", lang="en")
    page.get_by_text(re.compile("many", re.IGNORECASE)).first.click()
    page.locator("#tea-batch-lines textarea").fill("很好吃\n太难吃了\n服务周到")
    page.locator("#tea-batch-run-lines").click()
    expect(page.locator("#tea-batch-result")).to_contain_text("太难吃了")
    with page.expect_download() as download:
        page.locator("#tea-batch-download").click()
    raw = download.value.path().read_bytes()
    assert raw.startswith(b"\xef\xbb\xbftext,label,score")
    assert raw.decode("utf-8-sig").count("\n") >= 4


def test_markup_in_a_text_is_shown_and_not_run(visit):
    page = visit("?tab=sentiment")
    page.locator("#tea-sentiment-text textarea").fill('好<img src=x onerror="window.hacked=1">极了')
    page.locator("#tea-sentiment-run").click()
    expect(page.locator("#tea-sentiment-result")).to_contain_text("%")
    page.locator("#tea-view-words > button").click()
    expect(page.locator("#tea-sentiment-reasons")).to_contain_text("极")
    assert page.evaluate("() => window.hacked") is None


MATRIX = {"zh": "整张表", "en": "The whole table"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_attention_is_drawn_and_a_clicked_token_looks(visit, lang):
    page = visit("?tab=sentiment&view=attention", lang=lang)
    box = page.locator("#tea-attention")
    expect(box).to_contain_text(MATRIX[lang])
    expect(box.locator(".tea-worked")).to_contain_text("q·k")
    box.locator(".tea-attention-lines [data-token='4']").click()
    expect(box.locator(".tea-attention-lines text.is-chosen")).to_have_attribute("data-token", "4")
    page.locator("#tea-attention-pattern label").nth(1).click()
    expect(box.locator(".tea-attention-lines tspan").filter(has_text=re.compile(r"\d{2,3}%"))).to_have_count(1)


EXPECTED = {"zh": "应当反过来", "en": "should turn"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_visitors_sentence_is_changed_in_one_place(visit, lang):
    page = visit("?tab=sentiment", lang=lang)
    page.locator("#tea-sentiment-text textarea").fill("这家店的面很好吃。")
    page.locator("#tea-view-pairs > button").click()
    rows = page.locator("#tea-pairs tbody tr")
    expect(rows.filter(has_text="不好吃").first).to_contain_text(EXPECTED[lang])
    expect(rows.locator("mark").first).to_have_text("不好吃")


AGREE = {"zh": "意见一致", "en": "agree"}
SHARE = {"zh": "一致率", "en": "they agree on"}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_two_models_stand_side_by_side_and_on_a_batch(visit, lang):
    page = visit("?tab=sentiment&view=two_models", lang=lang)
    expect(page.locator("#tea-two")).to_contain_text(AGREE[lang])
    expect(page.locator("#tea-two section")).to_have_count(2)
    page.locator("#tea-two-lines textarea").fill("很好吃，下次还来\n太难吃了，气死我了")
    page.locator("#tea-two-run-lines").click()
    expect(page.locator("#tea-two-result")).to_contain_text(SHARE[lang])
    with page.expect_download() as download:
        page.locator("#tea-two-download").click()
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbftext,label,score,other_label")

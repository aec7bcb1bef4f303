"""The page as a visitor meets it: languages, links, embedding, widths, the model panel."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from demos.lessons import LESSONS, STORY

pytestmark = pytest.mark.browser
TABS = {
    "zh": ["情感", "文字生成", "看图", "微调"],
    "en": ["Sentiment", "Text generation", "Vision", "Fine-tune"],
}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_browser_is_met_in_its_own_language(visit, lang):
    page = visit(lang=lang)
    assert page.get_by_role("tab").all_inner_texts()[:4] == TABS[lang]


def test_a_link_may_ask_for_the_other_language(visit):
    page = visit("?lang=en", lang="zh")
    expect(page.get_by_role("tab", name="Vision")).to_be_visible()


def test_the_language_changes_at_once_and_outlives_a_reload(visit, server):
    page = visit(lang="zh")
    page.get_by_label("English").click()
    expect(page.get_by_role("tab", name="Fine-tune")).to_be_visible()
    page.wait_for_function("() => location.search.includes('lang=en')")
    page.goto(server)
    expect(page.get_by_role("tab", name="Fine-tune")).to_be_visible()


@pytest.mark.parametrize(("tab", "position"), [("generation", 1), ("finetune", 3)])
def test_a_link_opens_its_tab(visit, tab, position):
    page = visit(f"?tab={tab}")
    expect(page.get_by_role("tab").nth(position)).to_have_attribute("aria-selected", "true")


def test_choosing_a_tab_is_kept_in_the_address(visit):
    page = visit()
    page.get_by_role("tab", name="看图").click()
    page.wait_for_function("() => location.search.includes('tab=vision')")


@pytest.mark.parametrize("name", sorted(name for name, lesson in LESSONS.items() if lesson.place != "finetune"))
def test_a_link_opens_its_view_which_fits_a_phone(visit, name):
    page = visit(f"?view={name}&lang=en&embed=true", width=360)
    view = page.locator(f"#tea-view-{name}")
    expect(view.locator("> button")).to_have_class(re.compile(r"\bopen\b"))
    expect(view.locator(".tea-lesson dl")).to_be_visible()
    page.wait_for_timeout(2000)  # for what it shows
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert f"view={name}" in page.url


def test_the_story_leads_from_view_to_view_and_keeps_the_page(visit):
    page = visit("?view=attention")
    page.locator("#tea-sentiment-text textarea").fill("茶很香。")
    for step, path in STORY.items():
        name = path.rpartition("/")[2]
        page.locator(f'.tea-lesson:visible [data-tea-go="{path}"]').first.click()
        card = page.locator(f"#tea-lesson-{name} .tea-lesson")
        expect(card.locator(".is-here")).to_be_visible()
        expect(card.locator(".is-here button")).to_have_attribute("data-tea-go", STORY[step])
    page.get_by_role("tab", name="情感").click()
    expect(page.locator("#tea-sentiment-text textarea")).to_have_value("茶很香。")


def test_an_embedded_tab_has_no_header_and_no_footer(visit):
    page = visit("?tab=sentiment&embed=true")
    expect(page.locator(".tea-header")).to_be_hidden()
    expect(page.locator(".tea-footer").first).to_be_hidden()
    expect(page.locator("footer")).to_be_hidden()


def test_a_page_that_nobody_touches_asks_the_server_for_nothing(visit):
    page = visit("?tab=finetune")
    page.wait_for_timeout(8000)
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if request.method == "POST" else None)
    page.wait_for_timeout(4000)
    assert asked == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_is_wider_than_a_small_phone_and_no_string_key_is_shown(visit, lang):
    page = visit(lang=lang, width=360)
    for name in TABS[lang]:
        page.get_by_role("tab", name=name, exact=True).click()
        page.wait_for_timeout(500)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360, name
        text = page.inner_text("body")
        for prefix in (
            "common.",
            "sentiment.",
            "generation.",
            "vision.",
            "finetune.",
            "errors.",
            "panel.",
            "view.",
            "lesson.",
        ):
            assert prefix not in text


def test_the_panel_shows_what_is_loaded_and_unloads_it(visit):
    page = visit("?lang=en")
    page.get_by_text("Models in memory").click()
    row = page.locator(".tea-table td", has_text="gpt-zh")
    expect(row).to_be_visible(timeout=60_000)
    page.get_by_label("Model to unload").fill("gpt-zh")
    page.get_by_label("Model to unload").press("Enter")
    page.get_by_role("button", name="Unload").click()
    expect(row).to_have_count(0)

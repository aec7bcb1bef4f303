"""The view «where» in Chromium: maps of three models, of the class that is chosen, with a check of each."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
_FOLD = "#tea-view-where > button.label-wrap"


def _opened(visit, lang: str, **options):
    page = visit("?tab=vision", lang=lang, **options)
    page.locator("#tea-vision-look").click()
    expect(page.locator("#tea-vision-right")).to_contain_text("%")
    page.locator(_FOLD).click()
    expect(page.locator("#tea-where-right figure")).to_have_count(2)
    return page


@pytest.mark.parametrize(("lang", "says"), [("zh", "整张图"), ("en", "whole picture")])
def test_where_the_models_looked_is_laid_over_the_picture_and_checked(visit, lang, says):
    page = _opened(visit, lang)
    for place, methods in {"large": ["gradcam"], "left": ["gradcam"], "right": ["attention", "rollout"]}.items():
        figures = page.locator(f"#tea-where-{place} figure")
        expect(figures).to_have_count(len(methods))
        assert [figure.get_attribute("data-method") for figure in figures.all()] == methods
        expect(figures.first.locator("img")).to_be_visible()
        expect(figures.first.locator(".tea-trust li")).to_have_count(3)
        expect(figures.first).to_contain_text(says)
    expect(page.locator("#tea-lesson-where .tea-story .is-here")).to_be_visible()


def test_another_class_gets_another_map_and_covering_is_the_second_opinion(visit):
    page = _opened(visit, "en")
    before = page.locator("#tea-where-left img").first.get_attribute("src")
    page.locator("#tea-where-left-class input").click()
    page.get_by_role("option").nth(2).click()
    expect(page.locator("#tea-where-left img").first).not_to_have_attribute("src", before)
    page.locator("#tea-where-method label").nth(1).click()
    for place in ("large", "left", "right"):
        expect(page.locator(f'#tea-where-{place} figure[data-method="occlusion"]')).to_have_count(1)


def test_it_speaks_the_language_that_is_chosen_later_and_fits_a_phone(visit):
    page = _opened(visit, "zh", width=360)
    page.get_by_label("English").check()
    expect(page.locator("#tea-where-right")).to_contain_text("whole picture")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_link_to_the_view_shows_where_the_models_looked_without_another_click(visit, lang):
    page = visit("?view=where&embed=true", lang=lang, width=360)
    for place in ("large", "left", "right"):
        expect(page.locator(f"#tea-where-{place} img").first).to_be_visible()

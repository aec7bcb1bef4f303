"""The Vision tab in Chromium: one picture, three answers side by side, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_one_click_on_a_picture_is_answered_by_all_three(visit, lang):
    page = visit("?tab=vision", lang=lang)
    page.locator("#tea-vision-examples button, #tea-vision-examples .gallery-item").first.click()
    page.locator("#tea-vision-look").click()
    for place in ("large", "left", "right"):
        expect(page.locator(f"#tea-vision-{place}")).to_contain_text(re.compile(r"\d+(\.\d+)?\s?%"), timeout=60_000)
    for place in ("left", "right"):  # the ten classes, in both languages at once
        expect(page.locator(f"#tea-vision-{place}")).to_contain_text("猫")
        expect(page.locator(f"#tea-vision-{place}")).to_contain_text("cat")


def test_a_file_that_is_no_picture_is_refused_in_one_sentence(visit, tmp_path):
    fake = tmp_path / "not-a-picture.png"
    fake.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 2000)
    page = visit("?tab=vision", lang="en")
    page.locator("#tea-vision-picture").get_by_label(re.compile("clear|remove", re.IGNORECASE)).first.click()
    page.locator("#tea-vision-picture input[type=file]").first.set_input_files(str(fake))
    expect(page.get_by_test_id("toast-body")).to_contain_text("JPEG")

"""The model pickers of the page, as a visitor uses them."""

from __future__ import annotations

from playwright.sync_api import Page


def type_model(page: Page, tab: str, name: str, place: int = 0) -> None:
    """Types a name into a tab's picker; `place` tells a tab's several pickers apart."""
    picker = page.locator(f"#tea-{tab} .tea-picker input").nth(place)
    picker.fill(name)
    picker.press("Enter")

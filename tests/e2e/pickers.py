"""The model pickers of the page, as a visitor uses them."""

from __future__ import annotations

from playwright.sync_api import Page


def type_model(page: Page, tab: str, name: str) -> None:
    """Types a name into the first picker of a tab."""
    picker = page.locator(f"#tea-{tab} .tea-picker input").first
    picker.fill(name)
    picker.press("Enter")

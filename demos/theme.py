"""How the teahouse looks: paper, ink and one celadon accent, in a light and a dark theme; system fonts only."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

from demos.i18n import ASSETS
from demos.lessons import LESSONS

# CJK families by platform; nothing is fetched.
FONTS = (
    "system-ui",
    "-apple-system",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")
CELADON = gr.themes.Color(
    name="celadon",
    c50="#f0f6f3",
    c100="#dcebe4",
    c200="#bcd8cb",
    c300="#93bfab",
    c400="#67a186",
    c500="#48866b",
    c600="#376c56",
    c700="#2d5746",
    c800="#264639",
    c900="#203b30",
    c950="#10211b",
)
INK = gr.themes.Color(
    name="ink",
    c50="#faf9f6",
    c100="#f3f1ec",
    c200="#e5e2da",
    c300="#d0ccc1",
    c400="#a3a097",
    c500="#77756d",
    c600="#57554f",
    c700="#403f3a",
    c800="#2a2a27",
    c900="#1e1e1c",
    c950="#141413",
)

AWAKE = "() => window.teaAwake()"
TOGGLE_DARK = "() => { document.body.classList.toggle('dark'); }"


def theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue=CELADON,
        secondary_hue=CELADON,
        neutral_hue=INK,
        font=FONTS,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_lg,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_200",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="#fffefb",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        block_background_fill="#fffefb",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_500",
        block_label_text_color_dark="*neutral_400",
        block_title_text_color="*neutral_600",
        block_title_text_color_dark="*neutral_300",
        block_title_text_weight="500",
        input_background_fill="#fffefb",
        input_background_fill_dark="*neutral_900",
        button_border_width="1px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_hover="*primary_50",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover_dark="*primary_950",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
    )


def head(script: Path = ASSETS / "js" / "page.js") -> str:
    """The page's own script, and where it finds each view: its tab, or its tab and the tab within it."""
    places = json.dumps({name: lesson.place for name, lesson in LESSONS.items()})
    return f"<script>window.teaPlaces = {places};\n{script.read_text(encoding='utf-8')}</script>"


def css(folder: Path = ASSETS / "css") -> str:
    """All of assets/css in one: theme.css first, because it defines the colours that the others use."""
    paths = sorted(folder.glob("*.css"), key=lambda path: (path.name != "theme.css", path.name))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)

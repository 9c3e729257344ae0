"""How the page looks: system fonts (nothing is fetched), calm colours, contrast of at least 4.5:1."""

from __future__ import annotations

import gradio as gr

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")


def theme() -> gr.themes.Base:
    """The page's theme, light and dark."""
    base = gr.themes.Default(
        primary_hue=gr.themes.colors.sky,
        neutral_hue=gr.themes.colors.slate,
        font=list(SANS),
        font_mono=list(MONO),
        radius_size=gr.themes.sizes.radius_md,
    )
    return base.set(
        button_primary_background_fill="#0369a1",
        button_primary_background_fill_hover="#075985",
        button_primary_background_fill_dark="#0369a1",
        button_primary_background_fill_hover_dark="#075985",
        slider_color="#0072b2",
        slider_color_dark="#56b4e9",
        block_border_width="1px",
        block_shadow="none",
        body_background_fill="#ffffff",
        body_background_fill_dark="#0b0f19",
    )

"""A tab with one control."""

import gradio as gr

from attnviz.ui.shared.text import label, say
from attnviz.ui.tabs import Tab

TEXTS = {
    "tab_novel": ("Novel", "新"),
    "novel_number": ("A number", "一个数"),
    "novel_note": ("Nothing else.", "没有别的。"),
}


def build(page):
    gr.Number(1, label=label("novel_number"))
    gr.HTML(say("novel_note"))


TAB = Tab("tab_novel", build, TEXTS)

"""The web app, for visitors. It never imports torch."""

from __future__ import annotations

import os

# gradio reads these when it is imported; nothing of a visitor leaves the machine
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# after each event gradio sums up all events it remembers, for a page that is not shown: fewer, and seldom
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000")

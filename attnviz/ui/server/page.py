"""The page and a visitor's state of it, without what gradio does at every event for features that are not used here."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.components import State
from gradio.helpers import skip
from gradio.state_holder import SessionState

from attnviz.ui.server import limits


class Session(SessionState):
    """A visitor's state without a second copy of the page.

    gradio describes every component anew for each session and after each event, for links to a whole state, which this
    page does not have (its own are short): most of what a new session and an event cost.
    """

    def __init__(self, blocks: Any) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))  # type: ignore[arg-type]

    def __setitem__(self, key: int, value: Any) -> None:
        """Keep a value; only what expires is left to gradio, and is small."""
        if isinstance(self.blocks_config.blocks.get(key), State):
            super().__setitem__(key, value)
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Nothing is described."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing is described."""


class Blocks(gr.Blocks):
    """A page whose events cost nothing for the outputs that stay as they are, and whose queue is looked at less often.

    gradio makes every such output anew, at a third of a millisecond on the loop that serves everybody (a tab has
    thirty), looks for the next event a thousand times a second, and tells everybody who waits of every event that ends.
    """

    def queue(self, *args: Any, **options: Any) -> Any:
        """As gradio's, with ``QUEUE_SECONDS`` and ``STATUS_SECONDS``."""
        super().queue(*args, **{"status_update_rate": limits.STATUS_SECONDS, **options})
        self._queue.sleep_when_free = limits.QUEUE_SECONDS
        return self

    def get_config_file(self) -> Any:
        """The page's description; which values a component takes stands where a public endpoint has it, and once.

        gradio tells it three times of every component, a seventh of the page, for the schema of endpoints only; private
        ones have none, and where the forms for input and output are missing it reads the common one.
        """
        config = super().get_config_file()
        public = [fn for fn in self.fns.values() if fn.api_visibility != "private"]
        described = {block._id for fn in public for block in (*fn.inputs, *fn.outputs)}
        for component in config["components"]:
            component.pop("example_inputs", None)  # asked of the component itself where it is wanted
            kept = component["id"] in described
            for form in ("api_info_as_input", "api_info_as_output"):
                if not kept or component.get(form) == component.get("api_info"):
                    component.pop(form, None)
            if not kept:
                component.pop("api_info", None)
        return config

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """What the outputs become; those that a handler's dictionary does not name are passed by."""
        if not (
            isinstance(predictions, dict) and predictions and all(isinstance(k, gr.blocks.Block) for k in predictions)
        ):
            return await super().postprocess_data(block_fn, predictions, state)
        changed = {block._id for block in predictions}
        some = copy.copy(block_fn)
        some.outputs = [block for block in block_fn.outputs if block._id in changed]
        sent = iter(await super().postprocess_data(some, predictions, state))
        # a state is never sent
        return [
            next(sent) if block._id in changed else None if block.stateful else skip() for block in block_fn.outputs
        ]

"""The app with a network of somebody's own that takes its time, for the browser test of audits."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from torch import nn  # noqa: E402

import attnviz  # noqa: E402
from attnviz.core.input_spec import InputSpec  # noqa: E402
from tests.own_models import own_net  # noqa: E402


class Slow(nn.Module):
    """A network whose every pass takes a while, so that an audit of it can be cancelled."""

    def __init__(self):
        super().__init__()
        self.net = own_net(classes=3)

    def forward(self, x):
        time.sleep(0.4 if len(x) > 1 else 0)  # batches only: a single photograph is looked at in other tabs
        return self.net(x)


if __name__ == "__main__":
    attnviz.launch(Slow(), InputSpec((32, 32)), ("red", "green", "blue"), name="slow")

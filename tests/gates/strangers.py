"""Attention and look-alikes after the structure of public repositories, written from memory, in six files."""

from tests.gates.strangers_axes import *  # noqa: F403
from tests.gates.strangers_bounded import *  # noqa: F403
from tests.gates.strangers_branches import *  # noqa: F403
from tests.gates.strangers_compared import *  # noqa: F403
from tests.gates.strangers_nogates import *  # noqa: F403
from tests.gates.strangers_repeated import *  # noqa: F403

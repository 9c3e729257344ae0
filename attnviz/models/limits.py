"""What a page takes of its visitors, and one's own machine of oneself."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass

from attnviz.core.errors import UserError
from attnviz.images.decode import MAX_BYTES
from attnviz.models.state_files import SAFETENSORS, SUFFIXES

FILE_VARIABLE = "ATTNVIZ_FILE_MIB"
"""Environment variable with the largest file of weights, in MiB, that a public page takes."""


@dataclass(frozen=True)
class Limits:
    """What a page takes of its visitors.

    Attributes:
        parameters: Most of them.
        macs: Most multiply-accumulates of one forward pass: this is what bounds the time.
        side: Most pixels of the input's longer side.
        file_bytes: Largest file of weights.
        pickles: Whether ``.pt`` and the like are read too, as tensors only.
    """

    parameters: int
    macs: int
    side: int
    file_bytes: int
    pickles: bool

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of files of weights that are taken."""
        return SUFFIXES if self.pickles else SAFETENSORS

    @property
    def largest_upload(self) -> int:
        """Bytes of the largest file that may be sent, a photograph included."""
        return max(MAX_BYTES, self.file_bytes)


PUBLIC = Limits(100_000_000, 20_000_000_000, 512, 32 * 2**20, pickles=False)
"""On a page for strangers: a few seconds on two CPU cores."""
LOCAL = Limits(2_000_000_000, 2_000_000_000_000, 2048, 2 * 2**30, pickles=True)
"""On one's own machine."""


def limits_for(public: bool) -> Limits:
    """The limits of a page; a public one takes larger files where ``ATTNVIZ_FILE_MIB`` says so.

    Raises:
        UserError: The variable is no whole number in 1..2048.
    """
    if not public:
        return LOCAL
    text = os.environ.get(FILE_VARIABLE)
    if not text:
        return PUBLIC
    if not text.isdigit() or not 1 <= int(text) <= 2048:
        raise UserError(f"{FILE_VARIABLE} must be a whole number in 1..2048, got {text[:40]!r}")
    return dataclasses.replace(PUBLIC, file_bytes=int(text) * 2**20)

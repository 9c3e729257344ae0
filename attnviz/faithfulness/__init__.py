"""How far a map can be trusted: deletion and insertion, randomised weights, agreement, and what to compare with."""

from __future__ import annotations

from attnviz.faithfulness.agreement import rank_correlation
from attnviz.faithfulness.curves import Protocol, curves
from attnviz.faithfulness.maps import centre_map, random_map, upsample
from attnviz.faithfulness.sanity import cascade, sensitivity

__all__ = ["Protocol", "cascade", "centre_map", "curves", "random_map", "rank_correlation", "sensitivity", "upsample"]

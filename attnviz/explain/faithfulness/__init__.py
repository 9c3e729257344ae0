"""How far a map can be trusted: deletion and insertion, randomised weights, agreement, and what to compare with."""

from __future__ import annotations

from attnviz.explain.faithfulness.agreement import rank_correlation
from attnviz.explain.faithfulness.curves import Protocol, curves
from attnviz.explain.faithfulness.maps import centre_map, random_map, upsample
from attnviz.explain.faithfulness.sanity import cascade, sensitivity

__all__ = ["Protocol", "cascade", "centre_map", "curves", "random_map", "rank_correlation", "sensitivity", "upsample"]

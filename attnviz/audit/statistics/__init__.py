"""Statistics of streams: ``of`` a batch, ``merge`` of two; the numbers do not depend on how a stream was split."""

"""Maps of what an answer rests on, and tests of such maps, for any torch module."""

"""Pictures of what an analysis found: arrays and plain values in, bytes, Figures and markup out; no torch."""

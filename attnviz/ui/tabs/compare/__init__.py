"""Networks, photographs or gates side by side."""

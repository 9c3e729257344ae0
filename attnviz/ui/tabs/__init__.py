"""One file a tab: gather, call, render."""

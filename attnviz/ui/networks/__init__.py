"""Networks that visitors share: loaded once, leased under a lock."""

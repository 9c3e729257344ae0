"""From bytes to what a network is given."""

"""From a name, file or module to a network, and what is known of it."""

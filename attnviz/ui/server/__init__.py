"""What stands between the network and the page: limits, filters, the page itself in a language."""

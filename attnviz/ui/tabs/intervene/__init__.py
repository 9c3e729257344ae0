"""Change gates and see what the network answers."""

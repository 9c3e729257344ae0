"""Plain frozen values and errors that every room may use: numpy at most, no torch."""

"""Tables of numbers, for the terminal and for files."""

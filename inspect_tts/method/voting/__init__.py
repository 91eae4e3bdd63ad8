"""What votes decide besides the winner of a match: how many to ask, and how sure a selection is."""

"""What follows from votes beside the winner of a match: how many to ask, and how sure it is."""

"""An agent with a shell that decides close matches."""

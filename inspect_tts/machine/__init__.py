"""Check the room on this machine, and remove sandboxes that killed processes left on it."""

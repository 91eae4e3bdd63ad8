"""The task `scaled`, which runs a strategy with each rollout as an Inspect sample."""

"""The strategies as a task of their own, in which each rollout is an Inspect sample."""

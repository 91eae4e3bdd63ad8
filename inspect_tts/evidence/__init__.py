"""What can be said about a rollout without asking a model. Pure."""

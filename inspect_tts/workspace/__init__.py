"""How the harness reads a rollout's workspace: its files, its patch, its commands."""

"""The demo: ten small repositories with a bug each, graded by tests that the agent never sees."""

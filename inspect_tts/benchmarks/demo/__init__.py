"""The demo: ten small repositories with one bug each, graded by tests the agent never sees."""

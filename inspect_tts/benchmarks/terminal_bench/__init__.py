"""Terminal-Bench 2.0 as an Inspect task, loaded and graded by inspect-harbor."""

"""Compare results by executing them: checks, behavior classes, attribution. Pure."""

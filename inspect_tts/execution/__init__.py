"""What tells results apart when they are executed: checks, behavior classes, attribution. Pure."""

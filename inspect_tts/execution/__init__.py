"""What tells results apart when they are executed: checks, behaviour classes, attribution. Pure."""

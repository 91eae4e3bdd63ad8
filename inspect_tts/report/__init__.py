"""Turn logs into numbers, tables and pages. The only input is `.eval` logs."""

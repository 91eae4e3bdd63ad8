"""From logs to numbers, tables and pages. Reads `.eval` logs and nothing else."""

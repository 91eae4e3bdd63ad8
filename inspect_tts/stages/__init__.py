"""The stages of a strategy: solvers that work on one `RolloutPool`."""

"""The stages that strategies are chained from: solvers over one `RolloutPool`."""

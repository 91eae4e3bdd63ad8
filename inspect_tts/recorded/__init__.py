"""Select among rollouts that were already run: logs, trajectories, predictions."""

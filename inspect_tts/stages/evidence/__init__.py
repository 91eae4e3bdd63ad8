"""The stage that runs checks on the results of rollouts."""

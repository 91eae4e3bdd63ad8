"""The life of one rollout: sandbox, setup, agent, observation, summary, grading, closing."""

"""Choose among candidates that are in memory."""

"""mini-SWE-agent: the package's own loop and published prompts on Inspect's model and sandbox."""

from .agent import mini_swe_agent

__all__ = ["mini_swe_agent"]

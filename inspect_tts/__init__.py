"""Test-time scaling for coding agents, as Inspect solvers.

Implements "Scaling Test-Time Compute for Agentic Coding" (arXiv 2604.16529).
"""

from .agents.bash import bash_agent
from .agents.mini_swe_agent import mini_swe_agent
from .core.records import Match, Rollout, Round, Selection, Summary, Vote
from .errors import UserError
from .recipes import cheap, pdr, pdr_rtv, robust, rtv
from .scorers import rollout_scores
from .stages.adopt import adopt
from .stages.pool import RolloutPool
from .stages.rollouts import rollouts
from .stages.selection import random_selection, select, tournament

__version__ = "0.1.0"

__all__ = [  # noqa: RUF022  # grouped
    # recipes
    "cheap",
    "pdr",
    "pdr_rtv",
    "robust",
    "rtv",
    # stages
    "adopt",
    "random_selection",
    "rollouts",
    "select",
    "tournament",
    # agents
    "bash_agent",
    "mini_swe_agent",
    # records, as read back from a log
    "Match",
    "Rollout",
    "RolloutPool",
    "Round",
    "Selection",
    "Summary",
    "Vote",
    # scores
    "rollout_scores",
    # errors
    "UserError",
]

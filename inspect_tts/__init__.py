"""Test-time scaling for coding agents, as Inspect solvers.

Implements "Scaling Test-Time Compute for Agentic Coding" (arXiv 2604.16529).
"""

from typing import TYPE_CHECKING, Any

from .agents.bash import bash_agent
from .agents.ending import AgentEnd
from .agents.mini_swe_agent import mini_swe_agent
from .errors import UserError
from .execution.records import Check, CheckRun, ExecutionEvidence
from .method.records import Evidence, Match, Rollout, Round, Selection, Summary, Vote
from .method.selection_specs import selection
from .method.selections import Candidates, SelectionSteps
from .scores import rollout_scores
from .stages.adopt import adopt
from .stages.context import SandboxGoneError, StageContext
from .stages.evidence.stage import take_evidence
from .stages.pool import RolloutPool
from .stages.rollouts import rollouts
from .stages.select import random_selection, select, tournament
from .strategies import cheap, pdr, pdr_rtv, robust, rtv

__version__ = "0.2.0"

if TYPE_CHECKING:
    from .report.frames import checks_df, matches_df, problems_df, rollouts_df, votes_df

__all__ = [  # noqa: RUF022  # grouped
    # strategies
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
    "take_evidence",
    "tournament",
    # agents
    "bash_agent",
    "mini_swe_agent",
    # records, as read back from a log
    "Check",
    "CheckRun",
    "Evidence",
    "ExecutionEvidence",
    "Match",
    "Rollout",
    "RolloutPool",
    "Round",
    "Selection",
    "Summary",
    "Vote",
    # scores
    "rollout_scores",
    # dataframes
    "checks_df",
    "matches_df",
    "problems_df",
    "rollouts_df",
    "votes_df",
    # extensions
    "AgentEnd",
    "Candidates",
    "SelectionSteps",
    "StageContext",
    "selection",
    # errors
    "SandboxGoneError",
    "UserError",
]


def __getattr__(name: str) -> Any:
    """Load the dataframes when they are asked for, so that nobody else pays for them."""
    if name.endswith("_df") and name in __all__:
        from .report import frames

        return getattr(frames, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

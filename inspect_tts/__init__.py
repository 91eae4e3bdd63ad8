"""Test-time scaling for coding agents, as Inspect solvers.

Implements "Scaling Test-Time Compute for Agentic Coding" (arXiv 2604.16529).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from .agents.bash import bash_agent
    from .agents.ending import AgentEnd
    from .agents.mini_swe_agent import mini_swe_agent
    from .choosing.call import choose, choose_sync
    from .choosing.choice import Choice
    from .errors import UserError
    from .execution.records import Check, CheckRun, ExecutionEvidence
    from .method.records import Evidence, Match, Rollout, Round, Selection, Summary, Vote
    from .method.selection_specs import selection
    from .method.selections import Candidates, SelectionSteps
    from .method.voting.strength import Strength
    from .report.frames import checks_df, matches_df, problems_df, rollouts_df, votes_df
    from .scores import rollout_scores
    from .stages.adopt import adopt
    from .stages.context import SandboxGoneError, StageContext
    from .stages.evidence.stage import take_evidence
    from .stages.pool import RolloutPool
    from .stages.rollouts import rollouts
    from .stages.select import random_selection, select, tournament
    from .strategies import cheap, pdr, pdr_rtv, robust, rtv

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
    # candidates in memory
    "Choice",
    "choose",
    "choose_sync",
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
    "Strength",
    "selection",
    # errors
    "SandboxGoneError",
    "UserError",
]


_HOMES = {
    "agents.bash": ("bash_agent",),
    "agents.ending": ("AgentEnd",),
    "agents.mini_swe_agent": ("mini_swe_agent",),
    "choosing.call": ("choose", "choose_sync"),
    "choosing.choice": ("Choice",),
    "errors": ("UserError",),
    "execution.records": ("Check", "CheckRun", "ExecutionEvidence"),
    "method.records": ("Evidence", "Match", "Rollout", "Round", "Selection", "Summary", "Vote"),
    "method.selection_specs": ("selection",),
    "method.selections": ("Candidates", "SelectionSteps"),
    "method.voting.strength": ("Strength",),
    "report.frames": ("checks_df", "matches_df", "problems_df", "rollouts_df", "votes_df"),
    "scores": ("rollout_scores",),
    "stages.adopt": ("adopt",),
    "stages.context": ("SandboxGoneError", "StageContext"),
    "stages.evidence.stage": ("take_evidence",),
    "stages.pool": ("RolloutPool",),
    "stages.rollouts": ("rollouts",),
    "stages.select": ("random_selection", "select", "tournament"),
    "strategies": ("cheap", "pdr", "pdr_rtv", "robust", "rtv"),
}
"""Where each exported name is defined. A name is imported when it is first used, so that the
command `inspect-tts` can answer without importing Inspect."""


def __getattr__(name: str) -> Any:
    """Import an exported name."""
    for module, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{module}", __name__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]

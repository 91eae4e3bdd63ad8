"""Register every component with Inspect; the package's entry point loads this module."""

from . import strategies
from ._inspect import register_alias
from .agents.bash import bash_agent
from .agents.mini_swe_agent import mini_swe_agent
from .agents.terminus import terminus
from .benchmarks.demo.task import demo
from .benchmarks.swe_verified.scorer import swe_verified_scorer
from .benchmarks.swe_verified.task import swe_verified
from .benchmarks.terminal_bench.task import terminal_bench, terminal_tests
from .recorded.replay import replay_recorded
from .recorded.scorers import chosen_epoch, recorded_score
from .recorded.solvers import recorded_rollouts, select_recorded
from .recorded.tasks import recorded, replay
from .registry import STRATEGY_NAMES
from .scaled.rollout import rollout_score
from .scaled.task import scaled, scaled_options, scaled_strategy
from .scores import rollout_scores
from .sim.provider import SimulatedModel
from .stages.adopt import adopt
from .stages.evidence.stage import take_evidence
from .stages.rollouts import rollouts
from .stages.select import random_selection, select, tournament
from .strategies import cheap, pdr, pdr_rtv, robust, rtv

for _name in STRATEGY_NAMES:
    register_alias(_name, getattr(strategies, _name))

__all__ = [
    "SimulatedModel",
    "adopt",
    "bash_agent",
    "cheap",
    "chosen_epoch",
    "demo",
    "mini_swe_agent",
    "pdr",
    "pdr_rtv",
    "random_selection",
    "recorded",
    "recorded_rollouts",
    "recorded_score",
    "replay",
    "replay_recorded",
    "robust",
    "rollout_score",
    "rollout_scores",
    "rollouts",
    "rtv",
    "scaled",
    "scaled_options",
    "scaled_strategy",
    "select",
    "select_recorded",
    "swe_verified",
    "swe_verified_scorer",
    "take_evidence",
    "terminal_bench",
    "terminal_tests",
    "terminus",
    "tournament",
]

"""Registers every component with Inspect: the target of the package's entry point."""

from . import recipes
from ._inspect import register_alias
from .agents.bash import bash_agent
from .demo.task import demo
from .recipes import cheap, pdr, pdr_rtv, robust, rtv
from .recorded.replay import replay_recorded
from .recorded.scorers import chosen_epoch, recorded_score
from .recorded.solvers import recorded_rollouts, select_recorded
from .recorded.tasks import recorded, replay
from .scorers import rollout_scores
from .sim.provider import SimulatedModel
from .stages.adopt import adopt
from .stages.names import RECIPES
from .stages.rollouts import rollouts
from .stages.selection import random_selection, select, tournament

for _name in RECIPES:
    register_alias(_name, getattr(recipes, _name))

__all__ = [
    "SimulatedModel",
    "adopt",
    "bash_agent",
    "cheap",
    "chosen_epoch",
    "demo",
    "pdr",
    "pdr_rtv",
    "random_selection",
    "recorded",
    "recorded_rollouts",
    "recorded_score",
    "replay",
    "replay_recorded",
    "robust",
    "rollout_scores",
    "rollouts",
    "rtv",
    "select",
    "select_recorded",
    "tournament",
]

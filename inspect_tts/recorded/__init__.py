"""Select among rollouts that already ran, from logs, trajectories or predictions."""

from inspect_tts.method.records import CommandFact, Usage

from .outputs import Written, write_selections
from .readers import READERS
from .records import LeftOut, Malformed, Reader, Recorded, Source, reader
from .replay import replay_recorded
from .scorers import chosen_epoch, recorded_score
from .solvers import recorded_rollouts, select_recorded
from .tasks import recorded, replay

__all__ = [
    "READERS",
    "CommandFact",
    "LeftOut",
    "Malformed",
    "Reader",
    "Recorded",
    "Source",
    "Usage",
    "Written",
    "chosen_epoch",
    "reader",
    "recorded",
    "recorded_rollouts",
    "recorded_score",
    "replay",
    "replay_recorded",
    "select_recorded",
    "write_selections",
]

"""Select among rollouts that were already run: logs, trajectories, predictions."""

from .outputs import Written, write_selections
from .readers import READERS, Reader
from .records import Malformed, Recorded, Source
from .replay import replay_recorded
from .scorers import chosen_epoch, recorded_score
from .solvers import recorded_rollouts, select_recorded
from .tasks import recorded, replay

__all__ = [
    "READERS",
    "Malformed",
    "Reader",
    "Recorded",
    "Source",
    "Written",
    "chosen_epoch",
    "recorded",
    "recorded_rollouts",
    "recorded_score",
    "replay",
    "replay_recorded",
    "select_recorded",
    "write_selections",
]

"""The commands `inspect-tts select` and `inspect-tts replay`: `inspect eval` of our two tasks."""

from .replay import replay as replay
from .select import select as select

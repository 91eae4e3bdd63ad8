"""The commands `inspect-tts select` and `inspect-tts replay`, which run the two tasks as evals."""

from .replay import replay as replay
from .select import select as select

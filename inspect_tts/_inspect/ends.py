"""How an eval ended, as its log tells."""

from dataclasses import dataclass

from inspect_ai.log import EvalLog

_REFUSAL = "\ninspect_tts.errors.UserError: "
"""In the traceback of an eval that a mistake of its user ended."""


@dataclass(frozen=True)
class EvalEnd:
    """How an eval ended."""

    log: str
    """Where its log is."""
    status: str
    error: str | None
    samples: int = 0
    """That ended without an error."""
    refused: bool = False
    """Whether a mistake of its user ended it, so that it would end so again."""

    @classmethod
    def of(cls, log: EvalLog) -> "EvalEnd":
        """Read it from a log."""
        return cls(
            log.location,
            log.status,
            log.error.message if log.error else None,
            log.results.completed_samples if log.results else 0,
            log.error is not None and _REFUSAL in f"\n{log.error.traceback}",
        )

"""How an eval ended, according to its log."""

from dataclasses import dataclass

from inspect_ai.log import EvalLog

_REFUSAL = "\ninspect_tts.errors.UserError: "
"""Part of the traceback of an eval that a user's mistake ended."""


@dataclass(frozen=True)
class EvalEnd:
    """How an eval ended."""

    log: str
    """Location of its log."""
    status: str
    error: str | None
    samples: int = 0
    """Number of samples that ended without an error."""
    refused: bool = False
    """Whether a user's mistake ended it, so that a retry would end the same way."""

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

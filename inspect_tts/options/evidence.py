"""The options of evidence from execution."""

from typing import Literal, Self

from pydantic import Field, field_validator

from ..arguments import Options
from ..errors import UserError

CheckArg = str | list[str] | dict[str, str] | None
EvidenceKind = Literal["none", "regression", "cross", "all"]

MOST_CHECKS = 20


def named_checks(check: CheckArg) -> dict[str, str]:
    """The user's check commands, by name; refuse empty commands and too many of them."""
    given = [check] if isinstance(check, str) else [] if check is None else check
    found = given if isinstance(given, dict) else {command: command for command in given}
    for name, command in found.items():
        blank = not command.strip() or not name.strip()
        if blank or "\0" in command:
            wrong = "contains an empty command" if blank else f"has a NUL character in {command!r}"
            raise UserError(
                f"check={check!r} {wrong}; give shell commands, for example "
                "check='pytest -q tests/test_parser.py'"
            )
    if len(found) > MOST_CHECKS:
        raise UserError(
            f"check has {len(found)} commands; give at most {MOST_CHECKS}, or a script that runs "
            "several"
        )
    return found


class EvidenceOptions(Options):
    """What is run on the results of rollouts, before anyone judges them."""

    check: CheckArg = None
    """Commands of yours that run on the untouched tree and on each rollout's result: one, a list,
    or a mapping of names to commands. What they show is evidence."""
    evidence: EvidenceKind = "none"
    """What else is run there: `regression`, test files of the repository that two rollouts ran
    themselves; `cross`, what rollouts made and ran, on the results of all; `all`; or `none`."""
    evidence_time: float = Field(default=300, gt=0)
    """Seconds for that on a problem in each iteration, and after each wave of `n=auto`."""

    @field_validator("check")
    @classmethod
    def _commands(cls, check: CheckArg) -> CheckArg:
        named_checks(check)
        return check

    @property
    def takes_evidence(self) -> bool:
        """Whether any evidence is taken."""
        return bool(named_checks(self.check)) or self.evidence != "none"

    def checked_needs(self, selection: str, dedupe_behavior: bool) -> Self:
        """Refuse options that need evidence if no evidence is taken."""
        wants = ["dedupe_behavior"] * dedupe_behavior
        wants += ["selection=behavior"] * (selection == "behavior")
        if wants and not self.takes_evidence:
            raise UserError(
                f"{' and '.join(wants)} can only be used with evidence from execution: give "
                "check='COMMAND' or evidence='cross' as well, or leave it out"
            )
        return self

"""Evidence as it would be if checks had shown this and that."""

from typing import Any

from inspect_tts.execution.classes import concluded
from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun, ExecutionEvidence
from inspect_tts.execution.schedule import user_checks

A, B, C, D = "t0-n00", "t0-n01", "t0-n02", "t0-n03"


def made(check: Check, tree: str, shown: Any, repeat: int = 0, **more: Any) -> CheckRun:
    code, output = shown if isinstance(shown, tuple) else (0, shown)
    given = {"returncode": code, "digest": f"{code}{output}", "output": output, **more}
    return CheckRun(check=check.id, tree=tree, repeat=repeat, **given)


def evidence(
    *checks: tuple[Check, dict[str, Any]], trees: dict[str, str] | None = None, again: Any = None
) -> ExecutionEvidence:
    """Evidence of what each check shows on each tree; `again` on the second untouched run."""
    runs = [
        run
        for check, shown in checks
        for tree, each in shown.items()
        for run in [
            made(check, tree, each),
            *([made(check, tree, again or each, 1)] if tree == UNTOUCHED else []),
        ]
    ]
    results = trees or {id: id for id in (A, B, C)}
    return concluded(
        ExecutionEvidence(
            iteration=0,
            population=tuple(results),
            results=results,
            checks=tuple(check for check, _ in checks),
            runs=tuple(runs),
        )
    )


def cross(*authors: str, id: str = "c01") -> Check:
    return Check(id=id, name="try", origin="rollout", command="python try.py", authors=authors)


USER = user_checks({"unit": "make test"})[0]

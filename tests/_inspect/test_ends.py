"""How an eval ended, as its log tells."""

from pathlib import Path

import pytest
from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import problem, run

from inspect_tts import UserError
from inspect_tts._inspect import EvalEnd


@solver
def raising(error: type[Exception] | None, id: str = "p1") -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if error is not None and state.sample_id == id:
            raise error("this cannot go on")
        return state

    return solve


@pytest.mark.parametrize(
    ("error", "status", "refused"),
    [(None, "success", False), (UserError, "error", True), (ValueError, "error", False)],
)
def test_a_users_mistake_is_told_from_other_errors(
    tmp_path: Path, error: type[Exception] | None, status: str, refused: bool
) -> None:
    end = EvalEnd.of(run(problem(2), raising(error), tmp_path, max_samples=1))
    assert (end.status, end.refused) == (status, refused)
    assert ("this cannot go on" in (end.error or "")) == (error is not None)


def test_samples_that_ended_with_an_error_are_not_counted(tmp_path: Path) -> None:
    log = run(problem(3), raising(ValueError), tmp_path, fail_on_error=False)
    assert (EvalEnd.of(log).status, EvalEnd.of(log).samples) == ("success", 2)
    assert EvalEnd.of(log).log == log.location

"""Answers depend on a model's arguments, and so do the keys of what is saved of them."""

from pathlib import Path
from typing import Any

from inspect_ai.model import get_model
from scripted import acting, model, pool, problem, run, says, summarize

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts import rtv
from inspect_tts.models.identity import model_identity


def test_a_model_is_known_by_the_arguments_that_a_log_holds() -> None:
    given: list[dict[str, Any]] = [{}, {"seed": 1}, {"seed": 1}, {"seed": 2}]
    judges = [get_model("simulated/coder", memoize=False, **each) for each in given]
    plain, one, same, other = map(model_identity, judges)
    assert plain == {"model": "simulated/coder", "config": {}}
    assert one == same != other
    assert model_identity(model(summarize)) == {"model": "mockllm/model", "config": {}}


def test_votes_of_a_judge_with_other_arguments_are_not_taken_over(tmp_path: Path) -> None:
    def votes(name: str, seed: int) -> int:
        roles = {
            "judge": get_model("simulated/coder", memoize=False, seed=seed),
            "summarizer": model(summarize, "summarizer"),
        }
        agent = acting(says("#a"), says("#b"))
        strategy = rtv(n=2, votes=2, early_stop=False, agent=agent, resume=str(tmp_path / "saved"))
        log = run(problem(), strategy, tmp_path / name, model_roles=roles)
        return pool(log).taken_over.get("vote", 0)

    assert [votes("a", 1), votes("b", 2), votes("c", 1)] == [0, 0, 2]

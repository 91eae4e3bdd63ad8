"""Arguments are written once: README, signatures and older names follow the models."""

import inspect
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from inspect_ai.log import read_eval_log
from pydantic import TypeAdapter, ValidationError
from scripted import acting, pool, problem, run, says

from inspect_tts import UserError, pdr_rtv, rollouts, rtv, strategies
from inspect_tts._inspect.command import parse_cli_args
from inspect_tts.arguments import Options
from inspect_tts.method.parameters import RENAMED, JudgeParameters, RolloutsParameters
from inspect_tts.options import PdrRtvOptions, RolloutsOptions, SelectOptions
from inspect_tts.strategies import STRATEGIES

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def rows(model: type[Options]) -> list[tuple[str, str, str]]:
    """The option tables that README and docs should hold: name, default, sentence."""
    return [
        (f"`{name}`", _shown(field.default), model.sentence(name).replace("\n", " "))
        for name, field in model.model_fields.items()
    ]


def _shown(default: object) -> str:
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else f"{default}"


def test_the_option_tables_of_readme_and_docs_are_those_of_the_models() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in DOCS)
    tables = re.findall(r"\| option \| default \| meaning \|\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    lines = "".join(tables).splitlines()
    found = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    wanted = rows(PdrRtvOptions)
    assert sorted(found) == sorted(wanted), "\n".join(f"| {' | '.join(row)} |" for row in wanted)


@pytest.mark.parametrize("name", STRATEGIES)
def test_signature_and_docstring_hold_every_argument(name: str) -> None:
    strategy, model = getattr(strategies, name), STRATEGIES[name]
    shape = inspect.signature(strategy).parameters
    shown = {n: p for n, p in shape.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert {n: p.default for n, p in shown.items()} == {
        n: field.default for n, field in model.model_fields.items()
    }
    for argument in model.model_fields:
        assert model.sentence(argument), argument
        assert f"    {argument}: " in strategy.__doc__


LEAST: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("token_limit", "message_limit", "turn_limit", "max_rollouts"), (1, 0)),
    **dict.fromkeys(("investigation_turns", "iterations", "top_k"), (1, 0)),
    **dict.fromkeys(("min_n", "max_n", "wave", "min_votes", "max_votes"), (1, 0)),
    **dict.fromkeys(("time_limit", "cost_limit", "evidence_time", "investigation_cost"), (0.01, 0)),
    **dict.fromkeys(("trajectory_tokens", "judge_tokens"), (500, 499)),
    **dict.fromkeys(("seed", "without_context"), (0, -1)),
    "group_size": (2, 1),
    "vote_error": (0.01, 0),
}
"""Of each number: the least value that is taken, and one below it."""


def test_numbers_are_taken_from_their_least_value_on() -> None:
    fields = PdrRtvOptions.model_fields
    bounded = {
        name
        for name, field in fields.items()
        if any(hasattr(bound, "ge") or hasattr(bound, "gt") for bound in field.metadata)
    }
    assert bounded == set(LEAST)
    for name, (least, below) in LEAST.items():
        alone: Any = Annotated[(fields[name].annotation, *fields[name].metadata)]
        number = TypeAdapter[Any](alone)
        assert number.validate_python(least) == least
        with pytest.raises(ValidationError, match="greater than"):
            number.validate_python(below)


def test_a_record_holds_the_arguments_as_they_were_given(tmp_path: Path) -> None:
    crowd = acting(*(says(f"#{i}", "done") for i in range(2)))
    given: dict[str, Any] = {"n": 2, "votes": 3, "group_size": 3, "seed": 5, "agent": crowd}
    ran, selected, *_ = pool(run(problem(), rtv(**given, leak_guard=True), tmp_path)).stages
    assert ran.rollouts == RolloutsParameters(n=2, seed=5, leak_guard=True)
    assert selected.judging == JudgeParameters(votes=3, group_size=3, seed=5)
    assert issubclass(RolloutsOptions, RolloutsParameters)
    assert issubclass(SelectOptions, JudgeParameters)


OLD: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (pdr_rtv, {"carry_over": True}, {"keep_parents": True}),
    (pdr_rtv, {"judge_identical": False}, {"dedupe": True}),
    (pdr_rtv, {"stop_agreed": True}, {"stop_on_consensus": True}),
    (pdr_rtv, {"cold": 1}, {"without_context": 1}),
    (rtv, {"units": "off"}, {"resume": "off"}),
    (rtv, {"tie": "lot"}, {"tie": "random"}),
]


@pytest.mark.parametrize("words", ["resume=off", "units=off", "resume=OFF"])
def test_off_may_be_given_on_the_command_line_which_reads_it_as_a_truth_value(words: str) -> None:
    given = parse_cli_args([words])
    assert [*given.values()] == [False]
    rtv(**given)
    with pytest.raises(UserError, match="resume=True is not a string"):
        rtv(resume=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(("strategy", "old", "new"), OLD)
def test_an_older_name_is_read_with_a_warning(
    strategy: Any, old: dict[str, Any], new: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    strategy(**new)
    assert "is now called" not in caplog.text
    strategy(**old)
    assert "is now called" in caplog.text


def test_every_older_name_is_tried() -> None:
    tried = {name for _, old, _ in OLD for name in old}
    assert {*RENAMED, "tie"} == tried | {"hold"}
    rollouts(hold=True)  # type: ignore[call-arg]


def test_a_run_under_older_names_decides_as_one_under_the_new(tmp_path: Path) -> None:
    crowd = acting(*(says("#same", "done") for _ in range(4)))
    given: dict[str, Any] = {"n": 4, "votes": 2, "agent": crowd}
    old: dict[str, Any] = {**given, "judge_identical": False, "tie": "lot"}
    one = run(problem(), rtv(**old), tmp_path / "old")
    two = run(problem(), rtv(**given, dedupe=True, tie="random"), tmp_path / "new")
    assert pool(one).selections == pool(two).selections
    assert pool(one).stages[1].parameters == pool(two).stages[1].parameters
    header = read_eval_log(one.location, header_only=True)
    assert header.plan.steps[0].params["judge_identical"] is False, "as it was typed"


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(Exception, match="resume"):
        rtv(units="off", resume="log")  # type: ignore[call-arg]

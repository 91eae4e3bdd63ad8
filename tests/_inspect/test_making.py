"""Agents and solvers by name, made again with their arguments, and as the log shows them."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.agent import Agent, AgentState, agent, as_solver
from inspect_ai.solver import Generate, Solver, TaskState, chain, solver
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts._inspect import (
    agent_factory,
    component_spec,
    decorated_names,
    in_sample,
    is_factory,
    is_made,
    load_inner,
    outer_sample,
    register_alias,
    registered_names,
    step_names,
    tasks_to_run,
    without_place,
)
from inspect_tts._inspect.factories import recording

FILE = """
from pathlib import Path
from inspect_ai import Task, task
from inspect_ai.agent import agent
from inspect_ai.dataset import Sample
from inspect_ai.solver import solver

with open(Path(__file__).parent / "runs", "a") as runs:
    runs.write("x")

@agent
def typing(size: int = 1):
    async def execute(state):
        return state
    execute.size = size
    return execute

@solver
def solving(size: int = 1):
    async def solve(state, generate):
        return state
    solve.size = size
    return solve

@task
def first(size: int = 1):
    samples = [Sample(input=f"{size}"), Sample(input="b", id="own")]
    return Task(dataset=samples, solver=solving(size), sandbox=("docker", "compose.yaml"))

@task
def second():
    return Task(dataset=[Sample(input="c", sandbox="local")])

@task
def third():
    return Task(dataset=[Sample(input="d", sandbox=("docker", "compose.yaml"))])
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.py"
    path.write_text(FILE, encoding="utf-8")
    (tmp_path / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    return path


@solver
def noted(*parts: Any, **more: Any) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    vars(solve).update(parts=parts, more=more)
    return solve


@agent
def idle(size: int = 1) -> Agent:
    async def execute(state: AgentState) -> AgentState:
        return state

    vars(execute)["size"] = size
    return execute


async def plain(state: TaskState, generate: Generate) -> TaskState:
    return state


@pytest.mark.parametrize("name", ["solving", "typing"])
def test_a_file_is_run_once_and_each_call_makes_another_with_the_arguments(
    file: Path, name: str
) -> None:
    make = agent_factory(f"{file}@{name}", {"size": 3})
    made = [make() for _ in range(3)]
    assert len({id(each) for each in made}) == 3
    assert {str(component_spec(each)) for each in made} == {str(component_spec(made[0]))}
    if name == "solving":
        assert [vars(each)["size"] for each in made] == [3] * 3
    assert (file.parent / "runs").read_text() == "x"


def test_names_of_a_file_are_those_of_its_agents_and_solvers(file: Path) -> None:
    assert decorated_names(file) == ["typing", "solving"]
    assert not (file.parent / "runs").exists(), "it is not run"


def test_a_factory_is_told_from_what_it_makes() -> None:
    for factory in (noted, idle):
        assert (is_factory(factory), is_made(factory)) == (True, False)
        assert (is_factory(factory()), is_made(factory())) == (False, True)
    assert (is_factory(plain), is_made(plain)) == (False, False)


def test_steps_of_a_chain_have_their_names() -> None:
    steps = chain(noted(1), chain(idle(), plain))
    assert step_names(steps) == ["noted", "idle", "plain"]
    assert step_names(noted()) == ["noted"]
    assert step_names(3) == ["int"]


def test_a_part_is_shown_with_its_arguments() -> None:
    assert component_spec(chain(noted(more=1), plain)) == [["noted", {"more": 1}], ["plain"]]
    assert component_spec(idle(size=2)) != component_spec(idle(size=3))
    assert component_spec(idle(size=2)) == component_spec(idle(size=2))


def test_registered_names_are_of_the_types_in_order() -> None:
    agents, both = registered_names("agent"), registered_names("agent", "solver")
    assert {"idle", "react"} <= set(agents)
    assert "noted" not in agents
    assert both == sorted(set(both))
    assert set(agents) | {"noted"} <= set(both)


def test_a_second_name_is_taken_only_if_nobody_has_it() -> None:
    register_alias("short_noted", noted)
    register_alias("short_noted", plain)  # type: ignore[arg-type]
    assert "short_noted" in registered_names("solver")
    made = agent_factory("short_noted", {"more": 2})()
    assert vars(made)["more"] == {"more": 2}


# --- made again


def test_what_is_made_again_has_rebuilt_arguments_and_shares_what_was_shared() -> None:
    with recording() as record:
        inner = noted("x")
        outer = noted(inner, [inner, 1], ("y", inner), {"key": inner}, more=inner)
    again = record.rebuild(outer)
    first, listed, paired, named = vars(again)["parts"]
    assert again is not outer
    assert first is not inner
    assert vars(first)["parts"] == ("x",)
    assert (listed, paired, named) == ([first, 1], ("y", first), {"key": first})
    assert vars(again)["more"] == {"more": first}
    assert record.rebuild(outer) is not again


def test_what_was_not_recorded_stays_as_it_is() -> None:
    before = noted()
    with recording() as record:
        made = noted(before)
    after = noted()
    assert (before in record, made in record, after in record) == (False, True, False)
    assert vars(record.rebuild(made))["parts"] == (before,)
    assert record.rebuild(after) is after


def test_the_agent_inside_of_a_solver_is_made_again_with_its_arguments() -> None:
    with recording() as record:
        made = as_solver(idle(size=5))
    assert component_spec(record.rebuild(made)) == component_spec(as_solver(idle(size=5)))


def test_a_task_keeps_the_solver_that_it_had_first(file: Path) -> None:
    unknown = Task(solver=noted())
    with recording() as record:
        pass
    assert record.first_solver(unknown) is unknown.solver


# --- a task inside of another one


def test_a_task_of_a_file_is_loaded_with_ids_sandboxes_and_its_solver(file: Path) -> None:
    [inner] = load_inner(f"{file}@first", {"size": 4}, None)
    assert [(sample.id, sample.input) for sample in inner.samples] == [(1, "4"), ("own", "b")]
    compose = SandboxEnvironmentSpec("docker", str(file.parent / "compose.yaml"))
    assert [sample.sandbox for sample in inner.samples] == [compose] * 2
    assert Path(inner.folder) == file.parent
    made = [inner.make_solver() for _ in range(2)]
    assert made[0] is not made[1]
    assert [vars(each)["size"] for each in made] == [4, 4]


def test_all_tasks_of_a_file_are_loaded_with_the_given_sandbox_or_their_own(file: Path) -> None:
    def kinds(sandbox: str | None) -> dict[str, list[str]]:
        found = load_inner(str(file), {}, sandbox)
        return {
            each.task.name: [s.sandbox.type for s in each.samples if s.sandbox] for each in found
        }

    assert kinds(None) == {"first": ["docker", "docker"], "second": ["local"], "third": ["docker"]}
    assert kinds("local") == {"first": ["local", "local"], "second": ["local"], "third": ["local"]}


def test_a_samples_own_sandbox_is_in_the_folder_of_its_task(file: Path) -> None:
    [inner] = load_inner(f"{file}@third", {}, None)
    compose = SandboxEnvironmentSpec("docker", str(file.parent / "compose.yaml"))
    assert [sample.sandbox for sample in inner.samples] == [compose]


def test_a_copy_without_its_place_leaves_the_task_alone(file: Path) -> None:
    [inner] = load_inner(f"{file}@second", {}, None)
    before = dict(vars(inner.task))
    copied = without_place(inner.task)
    assert copied is not inner.task
    assert vars(inner.task) == before
    places = set(before) - set(vars(copied))
    assert len(places) == 2
    assert str(file.parent) in {str(before[name]) for name in places}


def test_outside_of_a_sample_there_is_none() -> None:
    assert not in_sample()
    assert tasks_to_run() == []
    with pytest.raises(RuntimeError, match="only inside an Inspect sample"):
        outer_sample()

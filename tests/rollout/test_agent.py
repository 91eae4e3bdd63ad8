"""What may be given as `agent`, and what is used where none is."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from given_agents import IN_A_FILE, heard, talker, worker
from inspect_ai import Task, task, task_with
from inspect_ai.agent import Agent, AgentState, agent, as_solver
from inspect_ai.model import ChatMessageAssistant
from inspect_ai.solver import Solver, chain, solver
from inspect_ai.tool import Tool, tool
from scripted import acting, only, pool, problem, run, says

from inspect_tts import RolloutPool, adopt, pdr, rollouts, rtv, tournament
from inspect_tts.report.logs import find_logs


@pytest.mark.parametrize(
    ("given", "args", "said"),
    [
        (talker(), None, "#talker"),
        (talker("#other"), None, "#other"),
        (worker(), None, "#worker"),
        (as_solver(talker("#wrapped")), None, "#wrapped"),
        (chain(worker("#first"), worker("#second")), None, "#first"),
        ("talker", None, "#talker"),
        ("talker", {"text": "#told"}, "#told"),
        ("worker", {"text": "#told"}, "#told"),
    ],
)
def test_an_agent_is_an_object_or_a_name(
    tmp_path: Path, given: Agent | Solver | str, args: dict[str, str] | None, said: str
) -> None:
    log = run(problem(), rtv(n=2, votes=1, agent=given, agent_args=args), tmp_path)
    assert heard(log) == [said, said]
    assert (pool(log).stages[0].parameters["agent_args"] or None) == args


@pytest.mark.parametrize("args", [None, {"text": "#told"}])
def test_an_agent_may_be_named_in_a_file(tmp_path: Path, args: dict[str, str] | None) -> None:
    file = tmp_path / "my_agents.py"
    file.write_text(IN_A_FILE, encoding="utf-8")
    strategy = rtv(n=2, votes=1, agent=f"{file}@filed", agent_args=args)
    assert heard(run(problem(), strategy, tmp_path)) == ["#told" if args else "#filed"] * 2


def test_the_file_of_an_agent_is_run_once_and_the_agent_made_for_each_rollout(
    tmp_path: Path,
) -> None:
    file, ran, made = tmp_path / "counted.py", tmp_path / "ran", tmp_path / "made"
    count = "with open({!r}, 'a') as f: f.write('x')"
    text = IN_A_FILE.replace("filed", "counted").replace(
        "    async def", f"    {count.format(str(made))}\n    async def"
    )
    file.write_text(f"{text}\n{count.format(str(ran))}\n", encoding="utf-8")
    strategy = rtv(n=3, votes=1, agent=f"{file}@counted")
    tried = len(made.read_text())
    run(problem(), strategy, tmp_path)
    assert len(ran.read_text()) == 1
    assert len(made.read_text()) - tried == 3


def test_the_log_names_the_agent(tmp_path: Path) -> None:
    log = run(problem(), rtv(n=1, agent=chain(worker(), acting(says("#x")))), tmp_path)
    assert pool(log).stages[0].parameters["agent"] == "worker, acting"


# --- the task's own solver


@task
def shipped(text: str = "#shipped") -> Task:
    return problem(solver=worker(text))


@task
def nested() -> Task:
    return problem(solver=rtv(n=2, votes=1))


@solver("rtv")
def named_as_ours() -> Solver:
    return worker()


@task
def staged() -> Task:
    return problem(solver=[rollouts(n=2), tournament(votes=1), adopt()])


@task
def plain() -> Task:
    return problem()


@pytest.mark.parametrize("text", ["#shipped", "#other"])
def test_without_an_agent_the_tasks_own_solver_is_scaled(tmp_path: Path, text: str) -> None:
    given = shipped() if text == "#shipped" else shipped(text=text)
    log = run(given, rtv(n=3, votes=1), tmp_path)
    assert heard(log) == [text] * 3
    assert pool(log).stages[0].parameters["agent"] == "the task's own solver"
    assert only(log).output.completion == f"said {text}"


def test_a_task_without_a_solver_is_one_generation(tmp_path: Path) -> None:
    log = run(plain(), rtv(n=2, votes=1), tmp_path)
    assert [(rollout.turns, rollout.messages) for rollout in pool(log).rollouts] == [(1, 2), (1, 2)]


@pytest.mark.parametrize("text", ["#shipped", "#other"])
def test_a_strategy_that_task_with_sets_scales_what_the_task_had(tmp_path: Path, text: str) -> None:
    given = task_with(shipped(text=text), solver=rtv(n=2, votes=1))
    log = run(given, None, tmp_path)
    assert heard(log) == [text] * 2
    assert pool(log).adopted is not None


@task
def changed_inside(text: str) -> Task:
    return task_with(shipped(text=text), solver=rtv(n=2, votes=1))


def helper() -> Task:
    return problem(solver=worker())


@task
def changed_helper() -> Task:
    return task_with(helper(), solver=rtv(n=2, votes=1))


def test_a_strategy_set_inside_of_a_task_function_scales_what_the_inner_task_had(
    tmp_path: Path,
) -> None:
    assert heard(run(changed_inside(text="#inner"), None, tmp_path)) == ["#inner"] * 2


def test_a_list_of_strategies_is_refused(tmp_path: Path) -> None:
    log = run(shipped(), [rtv(n=2, votes=1), pdr(n=2, top_k=1, votes=1)], tmp_path)
    error = only(log).error
    assert log.status == "error"
    assert error is not None
    assert (
        "rtv and pdr are in one list of solvers, which runs as one chain; run one eval per strategy"
        in error.message
    )
    assert not only(log).store_as(RolloutPool).rollouts
    [file] = find_logs([log.location])[0]
    assert file.key.strategy == "rtv+pdr"


@tool
def counted(start: int, tell: Callable[[int], str]) -> Tool:
    made, calls = next(MADE), count(start)

    async def execute() -> str:
        """Count the calls of this tool."""
        return f"{tell(next(calls))}of{made}"

    return execute


@agent
def counting(*tools: Tool, also: list[Tool]) -> Agent:
    async def execute(state: AgentState) -> AgentState:
        said = "-".join([str(await each()) for each in (*tools, *also)])
        state.messages.append(ChatMessageAssistant(content=f"#{said}"))
        return state

    return execute


MADE = count()


def with_counter() -> Agent:
    one = counted(1, lambda n: f"call{n}")
    return counting(one, also=[one])


@task
def stateful_agent() -> Task:
    return problem(solver=as_solver(with_counter()))


@task
def stateful_chain() -> Task:
    return problem(solver=[with_counter(), worker()])


@pytest.mark.parametrize("make", [stateful_agent, stateful_chain])
def test_the_tasks_own_solver_is_made_anew_for_each_rollout(
    tmp_path: Path, make: Callable[[], Task]
) -> None:
    said = heard(run(make(), rtv(n=3, votes=1, max_rollouts=1), tmp_path))
    assert len(set(said)) == 3
    for each in said:
        assert re.fullmatch(r"#call1of(\d+)-call2of\1", each)


@pytest.mark.parametrize(
    "given",
    [
        problem(solver=worker("#bare")),
        task_with(plain(), solver=worker("#bare")),
        task_with(shipped(), solver=worker("#bare")),
    ],
    ids=["without @task", "changed", "changed argument"],
)
def test_a_task_object_ships_the_solver_that_it_holds(tmp_path: Path, given: Task) -> None:
    assert heard(run(given, rtv(n=2, votes=1), tmp_path)) == ["#bare"] * 2


@pytest.mark.parametrize(
    ("given", "strategy", "message"),
    [
        (
            Task(solver=rtv(n=2, votes=1)),
            None,
            "or with task_with(task, solver=...) on a task that ",
        ),
        (problem(solver=named_as_ours()), rtv(n=2), "is named rtv, like a solver of inspect_tts"),
        (nested(), rtv(n=2), "the solver of task 'nested' is inspect_tts/rtv"),
        (nested(), None, "the solver of task 'nested' is inspect_tts/rtv"),
        (staged(), None, "the solver of task 'staged' is inspect_tts/rollouts"),
        (changed_helper(), None, "with --solver, or with task_with(task, solver=...) on a task"),
    ],
    ids=["without @task", "a name of ours", "nested", "nested-alone", "staged", "helper"],
)
def test_a_task_that_offers_no_agent_says_what_to_pass(
    tmp_path: Path, given: Task, strategy: Solver | None, message: str
) -> None:
    log = run(given, strategy, tmp_path)
    error = only(log).error
    assert log.status == "error"
    assert error is not None
    assert message in error.message
    assert "agent=" in error.message

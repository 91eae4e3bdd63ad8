"""Rollouts of several models and agents: each has its own, dealt by seed and recorded."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval, eval_retry, task
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import get_model
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from openai_api import Body, Reply, Server, answer, role_of, said, serving, text_of
from scripted import last_words, pool, problem, spans

from inspect_tts import RolloutPool, pdr_rtv, rtv
from inspect_tts.report.frames import rollouts_df
from inspect_tts.statistics.assignments import by_assignment
from inspect_tts.statistics.audit import discrepancies
from inspect_tts.statistics.outcomes import ProblemOutcome

BOTH = ["", ""]
"""The names of two models of the test's server, set by its fixture; Inspect keeps what it made."""
OPTIONS: Any = {"display": "none", "ctl_server": False}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as server:
        monkeypatch.setenv("LOCAL_API_KEY", "none")
        monkeypatch.setenv("LOCAL_BASE_URL", f"{server.url}/v1")
        port = server.url.rpartition(":")[2]
        BOTH[:] = [f"openai-api/local/{name}-{port}" for name in ("one", "two")]
        yield server


@solver
def asks_the_active_model() -> Solver:
    """An agent that finds its model as most do."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.output = await get_model().generate(state.messages)
        state.messages.append(state.output.message)
        return state

    return solve


@solver
def asks_by_generate() -> Solver:
    """An agent that is given its model."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata["seen"] = str(state.model)
        return await generate(state)

    return solve


AGENTS = [f"{__file__}@asks_the_active_model", f"{__file__}@asks_by_generate"]


def of_agents(body: Body) -> bool:
    return role_of(body) == "agent"


def asked_of(server: Server) -> Counter[str]:
    """How often each model was asked by agents."""
    return Counter(body["model"].partition("-")[0] for body in server.asked if of_agents(body))


def signed(body: Body) -> Reply:
    """Each model's agents say which they are; nothing else does."""
    return "done" if of_agents(body) else answer(body)


def evaluated(server: Server, folder: Path, strategy: Solver, **options: Any) -> EvalLog:
    server.reply = options.pop("reply", signed)
    [log] = eval(
        options.pop("task", None) or problem(),
        solver=strategy,
        model=server.model("main"),
        log_dir=str(folder),
        **OPTIONS,
        **options,
    )
    return log


def test_each_rollout_has_its_agent_and_its_model(server: Server, tmp_path: Path) -> None:
    strategy = pdr_rtv(n=4, top_k=2, votes=1, models=BOTH, agents=AGENTS, score_rollouts=True)
    log = evaluated(server, tmp_path, strategy)
    found = pool(log)
    for iteration in (0, 1):
        kinds = Counter((r.agent, r.model) for r in found.population(iteration))
        assert kinds == {(agent, model): 1 for agent in AGENTS for model in BOTH}
    assert asked_of(server) == {"one": 4, "two": 4}
    assert {body["model"] for body in server.asked if not of_agents(body)} == {"main"}
    names = spans(log)
    events = (log.samples or [])[0].events
    by_rollout = {f"{rollout.id}-agent": rollout.model for rollout in found.rollouts}
    calls = [e for e in events if isinstance(e, ModelEvent) and e.span_id in by_rollout]
    assert len(calls) == 8
    assert all(call.model == by_rollout[call.span_id or ""] for call in calls)
    assert set(by_rollout) <= set(names)
    assert found.discrepancies() == ()
    keys = {draw.key for draw in found.draws}
    assert {"p0/1/t0/slots", "p0/1/t1/slots"} <= keys
    frame = rollouts_df(log)
    assert set(frame.rollout_model) == set(BOTH)
    assert set(frame.agent) == set(AGENTS)


def test_judges_and_summarizers_do_not_see_who_it_was(server: Server, tmp_path: Path) -> None:
    strategy = pdr_rtv(n=2, top_k=1, votes=1, models=BOTH, agents=AGENTS)
    evaluated(server, tmp_path, strategy)
    others = [text_of(body) for body in server.asked if not of_agents(body)]
    assert others
    assert not any(word in text for text in others for word in ("local/", "asks_"))


def test_the_one_who_is_adopted_is_graded_as_ever(server: Server, tmp_path: Path) -> None:
    strategy = rtv(n=2, votes=1, models=BOTH)
    task = Task(dataset=problem().dataset, solver=generate(), scorer=last_words())
    log = evaluated(server, tmp_path, strategy, task=task)
    assert log.status == "success"
    assert {rollout.agent for rollout in pool(log).rollouts} == {None}
    assert {rollout.model for rollout in pool(log).rollouts} == set(BOTH)


def test_another_dealing_does_not_go_unnoticed(server: Server, tmp_path: Path) -> None:
    found = pool(evaluated(server, tmp_path, rtv(n=2, votes=1, models=BOTH, agents=AGENTS)))
    names = ("stages", "rollouts", "selections", "draws", "adopted")
    known: dict[str, Any] = {name: getattr(found, name) for name in names}

    def complaints(**change: Any) -> str:
        first, *others = found.rollouts
        changed = [first.model_copy(update=change), *others]
        return "; ".join(discrepancies(found.problem, **known | {"rollouts": changed}))

    first = found.rollouts[0]
    assert "its model should be" in complaints(model=BOTH[first.model == BOTH[0]])
    assert "its agent should be" in complaints(agent=None)
    known["draws"] = [draw for draw in found.draws if not draw.key.endswith("/slots")]
    assert "/slots is not recorded" in complaints()


@task
def kept() -> Task:
    """A task that Inspect finds again by its name."""
    return problem()


def test_a_retry_takes_over_what_each_model_did(server: Server, tmp_path: Path) -> None:
    def fails(body: Body) -> Reply:
        return (402, said("no credit")) if role_of(body) == "judge" else answer(body)

    strategy = rtv(n=4, votes=1, models={BOTH[0]: 3, BOTH[1]: 1}, agents=AGENTS)
    log = evaluated(server, tmp_path, strategy, reply=fails, task=kept())
    assert log.status == "error"
    assert asked_of(server) == {"one": 3, "two": 1}
    server.asked.clear()
    server.reply = answer
    [log] = eval_retry(log, log_dir=str(tmp_path), **OPTIONS)
    assert log.status == "success"
    assert asked_of(server) == {}
    assert pool(log).discrepancies() == ()


@pytest.mark.parametrize("what", ["models", "agents"])
def test_what_another_model_or_agent_did_is_not_taken_over(
    server: Server, tmp_path: Path, what: str
) -> None:
    names, asked = (BOTH if what == "models" else AGENTS), list[int]()
    for name in (names[0], names[1], names[0]):
        given: dict[str, Any] = {what: [name], "resume": str(tmp_path / "saved")}
        server.asked.clear()
        evaluated(server, tmp_path, rtv(n=2, votes=1, agent=None, **given))
        asked.append(asked_of(server).total())
    assert asked == [2, 2, 0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("gpt", "models names 'gpt'; give the names of models as 'provider/name'"),
        ("opnai/gpt", "Model API opnai of model 'opnai/gpt' not recognized"),
        ("openai-api/local/wrong", "the model openai-api/local/wrong cannot be used"),
    ],
)
def test_a_wrong_model_costs_no_rollout(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv("INSPECT_TTS_PREFLIGHT", "true")

    def lacks(body: Body) -> Reply:
        return (404, said("no such model")) if body["model"] == "wrong" else answer(body)

    log = evaluated(server, tmp_path, rtv(n=2, votes=1, models=[BOTH[0], name]), reply=lacks)
    assert told in str((log.samples or [])[0].error)
    assert set(server.roles()) <= {"preflight"}


def test_scaled_rollouts_are_dealt_alike(server: Server, tmp_path: Path) -> None:
    inner = {"task": f"{__file__}@kept", "strategy": "rtv"}
    arguments: dict[str, Any] = {"n": 4, "votes": 1, "models": BOTH, "agents": AGENTS}
    [log] = eval(
        "inspect_tts/scaled",
        task_args={**inner, "strategy_args": arguments},
        model=server.model("main"),
        log_dir=str(tmp_path),
        **OPTIONS,
    )
    assert log.status == "success", log.error
    [end] = [s for s in read_eval_log(log.location).samples or [] if s.id == "p0"]
    scaled = end.store_as(RolloutPool)
    assert scaled.discrepancies() == ()
    live = pool(evaluated(server, tmp_path / "live", rtv(**arguments), task=kept()))
    assert [(r.agent, r.model) for r in scaled.rollouts] == [
        (r.agent, r.model) for r in live.rollouts
    ]


def test_numbers_by_agent_and_model(server: Server, tmp_path: Path) -> None:
    strategy = rtv(n=4, votes=3, models=BOTH, agent=AGENTS[0])
    found = pool(evaluated(server, tmp_path, strategy))
    scores = {r.id: float(r.model == BOTH[0]) for r in found.rollouts}
    outcome = ProblemOutcome(
        "p0", 1, tuple(found.rollouts), scores, tuple(found.selections), adopted=found.adopted
    )
    one, two = by_assignment([outcome])
    assert [one.model, two.model] == BOTH
    assert (one.rollouts, one.graded, one.score, two.score) == (2, 2, 1.0, 0.0)
    assert one.matches == two.matches
    assert (one.won or 0) + (two.won or 0) == (1 if one.matches else 0)
    assert one.adopted + two.adopted == 1
    assert one.tokens == two.tokens == 30
    alone = tuple(rollout for rollout in found.rollouts if rollout.model == BOTH[0])
    assert by_assignment([ProblemOutcome("p", 1, alone)]) == ()

    def unasked(item: Any, *names: str) -> Any:
        """A copy whose matches have no votes, as after a budget ran out."""
        name, *deeper = names
        inner = tuple(unasked(each, *deeper) for each in getattr(item, name)) if deeper else ()
        return item.model_copy(update={name: inner})

    drawn = tuple(unasked(each, "rounds", "matches", "votes") for each in found.selections)
    without = ProblemOutcome("p0", 1, tuple(found.rollouts), scores, drawn, adopted=found.adopted)
    assert [each.matches for each in by_assignment([without])] == [0, 0], "nobody judged them"

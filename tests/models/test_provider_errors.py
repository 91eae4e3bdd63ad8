"""What a provider refuses, through the real client: the reason, and what follows from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic_api import serving as anthropic_serving
from inspect_ai import Task, eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from openai_api import Body, Reply, Server, answer, role_of, said, serving, text_of
from scripted import only, pool, problem

from inspect_tts import RolloutPool, rtv
from inspect_tts.models.failures import read_failure

LONG = "x" * 4000


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def run(server: Server, folder: Path, task: Task | None = None, **options: Any) -> EvalLog:
    arguments: dict[str, Any] = {
        "n": 2,
        "votes": 1,
        "agent": "inspect_ai/generate",
        "preflight": False,
    }
    [log] = eval(
        task or problem(),
        solver=rtv(**(arguments | options)),
        model=server.model(),
        display="none",
        log_dir=str(folder),
        ctl_server=False,
    )
    return log


def failing(role: str, status: int, body: Body, first: int = 0) -> Any:
    """A server that answers all but one role, and that role's first questions."""
    seen = 0

    def reply(asked: Body) -> Reply:
        nonlocal seen
        seen += role_of(asked) == role
        fails = role_of(asked) == role and seen > first
        return (status, body) if fails else answer(asked)

    return reply


@solver
def asks_twice() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        state.messages.append(ChatMessageUser(content="go on"))
        return await generate(state)

    return solve


@pytest.mark.anyio
async def test_a_server_that_is_not_there(server: Server) -> None:
    gone = Server()
    gone.url = "http://127.0.0.1:9"
    with pytest.raises(Exception) as caught:  # noqa: PT011
        await gone.model(timeout=1).generate("?")
    failure = read_failure(caught.value)
    assert failure.kind == "other"
    assert failure.reason.startswith("APIConnectionError: Connection error. (ConnectError: ")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "kind"), [(401, "configuration"), (404, "configuration"), (400, "other")]
)
async def test_anthropic(status: int, kind: str) -> None:
    with anthropic_serving() as server:
        server.failures = [status]
        model = get_model(
            "anthropic/claude-sonnet-4-0",
            base_url=server.url,
            api_key="none",
            config=GenerateConfig(max_retries=0),
            memoize=False,
        )
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await model.generate("?")
    failure = read_failure(caught.value)
    assert failure.kind == kind
    assert failure.reason.startswith(f"Error code: {status} - ")


# --- a model that cannot be asked


@pytest.mark.parametrize("role", ["agent", "summarizer", "judge"])
@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Incorrect API key"), (402, "Insufficient credits"), (404, "no such model")],
)
def test_a_model_that_cannot_be_asked_ends_the_sample(
    server: Server, tmp_path: Path, role: str, status: int, message: str
) -> None:
    server.reply = failing(role, status, said(message))
    log = run(server, tmp_path)
    error = only(log).error
    assert log.status == "error"
    assert error is not None
    assert f"Error code: {status} - {message}" in error.message
    assert "eval-retry" in error.message
    assert "Request:" not in error.message
    assert not (only(log).scores or {}).get("last_words")


def test_a_setting_that_is_refused_in_mid_run_ends_the_sample(
    server: Server, tmp_path: Path
) -> None:
    refused = said("Unsupported parameter: 'temperature' is not supported with this model.")
    server.reply = failing("judge", 400, refused, first=1)
    log = run(server, tmp_path, n=4)
    error = only(log).error
    assert error is not None
    assert "the judge" in error.message
    assert "Unsupported parameter" in error.message


@pytest.mark.parametrize(
    "message",
    [
        "Invalid value for 'content': expected a string, got null.",
        "Request contains an invalid argument.",
        "Unsupported parameter: 'temperature' is not supported with this model.",
    ],
)
def test_a_refusal_after_an_answer_is_the_rollouts_own(
    server: Server, tmp_path: Path, message: str
) -> None:
    def reply(asked: Body) -> Reply:
        own = role_of(asked) == "agent" and text_of(asked).endswith("go on")
        return (400, said(message)) if own and len(server.of("agent")) == 2 else answer(asked)

    server.reply = reply
    log = run(server, tmp_path, n=2, agent=asks_twice(), max_rollouts=1)
    assert only(log).error is None
    assert [(r.status, r.turns, r.fault) for r in pool(log).rollouts] == [
        ("error", 1, "model"),
        ("completed", 2, None),
    ]


def test_a_page_that_an_agents_tool_did_not_find_is_the_agents(tmp_path: Path) -> None:
    class NotFoundError(Exception):
        status_code = 404

    @solver
    def browses() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            await generate(state)
            raise NotFoundError("no such page")

        return solve

    with serving() as server:
        log = run(server, tmp_path, agent=browses())
    assert {(r.status, r.fault) for r in pool(log).rollouts} == {("error", "agent")}


# --- a provider that dies


def test_an_iteration_of_nothing_but_the_providers_errors_fails_its_sample(
    server: Server, tmp_path: Path
) -> None:
    server.reply = failing("agent", 503, said("Loading model"))
    log = run(server, tmp_path, n=3)
    error = only(log).error
    assert log.status == "error"
    assert error is not None
    assert "each of the 3 rollouts of iteration 0" in error.message
    assert "Error code: 503 - Loading model" in error.message
    records = only(log).store_as(RolloutPool).rollouts
    assert {(r.status, r.fault, r.reason) for r in records} == {
        ("error", "model", "Error code: 503 - Loading model")
    }


def test_where_some_failed_the_record_says_why(server: Server, tmp_path: Path) -> None:
    server.reply = failing("agent", 503, said("Loading model"), first=1)
    log = run(server, tmp_path, n=3)
    faults = sorted(r.fault or "" for r in pool(log).rollouts)
    assert faults == ["", "model", "model"]

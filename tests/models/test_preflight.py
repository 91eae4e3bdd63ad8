"""One short question to each model before the first rollout."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval, eval_retry, task
from openai_api import Body, Reply, Server, answer, role_of, said, serving
from scripted import calls, problem, run

from inspect_tts import adopt, rollouts, rtv, tournament
from inspect_tts.models.preflight import SWITCH


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "true")


@pytest.mark.parametrize("role", ["judge", "summarizer", None])
def test_a_wrong_model_is_found_before_a_rollout_is_paid_for(
    server: Server, tmp_path: Path, role: str | None
) -> None:
    server.reply = lambda b: (404, said("no such model.")) if b["model"] == "wrong" else answer(b)
    roles = {role: server.model("wrong")} if role else {}
    [log] = eval(
        problem(3),
        solver=rtv(n=2, votes=1),
        model=server.model() if role else server.model("wrong"),
        model_roles=roles,
        display="none",
        log_dir=str(tmp_path),
        ctl_server=False,
        fail_on_error=False,
    )
    errors = [sample.error.message for sample in log.samples or [] if sample.error]
    assert len(errors) == 3
    assert all("404 - no such model. Correct its name" in error for error in errors)
    assert all((f"the {role} " if role else "the model ") in error for error in errors)
    assert set(server.roles()) == {"preflight"}


def test_each_model_is_asked_once_in_an_eval(server: Server, tmp_path: Path) -> None:
    roles: Any = {"judge": server.model("judge"), "summarizer": server.model("summarizer")}
    [log] = eval(
        problem(3),
        solver=rtv(n=2, votes=1),
        model=server.model(),
        model_roles=roles,
        display="none",
        log_dir=str(tmp_path),
        ctl_server=False,
    )
    assert log.status == "success"
    assert sorted(b["model"] for b in server.of("preflight")) == ["judge", "m", "summarizer"]
    assert server.roles()[:3].count("preflight") == 3


def test_a_model_of_the_same_name_at_another_server_is_asked_as_well(
    server: Server, tmp_path: Path
) -> None:
    with serving() as other:
        other.reply = lambda body: (404, said("no such model."))
        [log] = eval(
            problem(),
            solver=rtv(n=2, votes=1),
            model=server.model(),
            model_roles={"judge": other.model()},
            display="none",
            log_dir=str(tmp_path),
            ctl_server=False,
        )
    assert log.status == "error"
    assert "the judge openai-api/local/m cannot be used: Error code: 404" in str(log.error)
    assert other.roles() == ["preflight"]
    assert set(server.roles()) <= {"preflight"}


@pytest.mark.parametrize("options", [{"preflight": False}, {"selection": "agreement"}])
def test_whom_nobody_asks_is_not_asked_first(
    server: Server, tmp_path: Path, options: dict[str, Any]
) -> None:
    roles: Any = {"judge": server.model("judge")}
    eval(
        problem(),
        solver=rtv(n=2, votes=1, **options),
        model=server.model(),
        model_roles=roles,
        display="none",
        log_dir=str(tmp_path),
        ctl_server=False,
    )
    asked = {body["model"] for body in server.of("preflight")}
    assert asked == ({"m"} if "selection" in options else set())


def test_mockllm_is_asked_first_as_well(tmp_path: Path) -> None:
    log = run(problem(), rtv(n=2, votes=1), tmp_path)
    asked = [call.input[-1].text for call in calls(log, None)]
    assert log.status == "success"
    assert ["only checks that you can be reached" in text for text in asked] == [True, False, False]


def test_a_switch_that_says_neither_is_refused(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "no")
    [log] = eval(
        problem(), solver=rtv(n=1), model=server.model(), display="none", log_dir=str(tmp_path)
    )
    assert log.status == "error"
    assert "INSPECT_TTS_PREFLIGHT='no' is neither true nor false" in str(log.error)


def test_a_chain_of_stages_asks_its_judge_first(server: Server, tmp_path: Path) -> None:
    chain = [rollouts(n=2), tournament(keep=1, votes=1), adopt()]
    roles: Any = {"judge": server.model("judge")}
    options: Any = {"display": "none", "log_dir": str(tmp_path), "ctl_server": False}
    eval(problem(), solver=chain, model=server.model(), model_roles=roles, **options)
    assert {body["model"] for body in server.of("preflight")} == {"m", "judge"}


@task
def asked_again() -> Task:
    """A task that Inspect finds again by its name."""
    return problem()


def test_a_retry_asks_again_where_something_is_left_to_run(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key may have been changed; a problem that was finished is not run, so it asks nobody."""
    options: Any = {"display": "none", "log_dir": str(tmp_path), "ctl_server": False}
    monkeypatch.setenv("LOCAL_API_KEY", "none")

    def refuses(asked: Body) -> Reply:
        return (402, said("no credit")) if role_of(asked) == "judge" else answer(asked)

    server.reply = refuses
    [log] = eval(asked_again(), solver=rtv(n=2, votes=1), model=server.model(), **options)
    assert log.status == "error"
    assert server.roles().count("preflight") == 1
    server.reply = answer
    [log] = eval_retry(log, **options)
    assert log.status == "success"
    assert server.roles().count("preflight") == 2
    asked = len(server.roles())
    [log] = eval_retry(log, **options)
    assert log.status == "success"
    assert len(server.roles()) == asked

"""What a judge that fails costs where there are several: its own votes."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval, eval_retry, task
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, get_model
from openai_api import Body, Reply, Server, answer, role_of, said, serving
from scripted import pool, problem
from test_panel import judged, matches, roles

from inspect_tts import rtv
from inspect_tts.models import providers
from inspect_tts.models.preflight import SWITCH


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def named(server: Server, name: str) -> str:
    """The name of a model of this server alone; Inspect keeps a model that it made by name."""
    return f"openai-api/local/{name}-{server.url.rpartition(':')[2]}"


def refusing(name: str, reply: Reply) -> Any:
    def replies(body: Body) -> Reply:
        return reply if (body["model"], role_of(body)) == (name, "judge") else answer(body)

    return replies


OUT = (503, said("overloaded"))
GONE = (404, said("no such model"))


def with_server(server: Server, folder: Path, **options: Any) -> EvalLog:
    given = roles(judge=server.model("one"), judge2=server.model("two"))
    return judged(folder, given=given, **options)


@pytest.mark.parametrize("problem", [OUT, GONE, "I refuse."], ids=["out", "gone", "refusal"])
@pytest.mark.parametrize("early_stop", [True, False])
def test_a_judge_that_fails_costs_its_votes_not_the_match(
    server: Server, tmp_path: Path, problem: Reply, early_stop: bool
) -> None:
    server.reply = refusing("two", problem)
    log = with_server(server, tmp_path, early_stop=early_stop)
    found = pool(log)
    cast = [vote for match in matches(found) for vote in match.votes]
    lost = [vote for vote in cast if vote.abstention]
    assert {vote.judge for vote in lost} == {"judge2"}
    assert all((vote.verdict is None) == (vote.judge == "judge2") for vote in cast)
    assert found.adopted is not None
    assert found.discrepancies() == ()
    if problem == GONE:
        reasons = {vote.abstention for vote in lost}
        assert all("no such model" in (reason or "") for reason in reasons)
        asked = [body for body in server.of("judge") if body["model"] == "two"]
        assert len(asked) <= 2 * 8, "with a schema and without, and never again in later rounds"


def test_a_judge_that_is_gone_is_asked_for_no_further_samples(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "SAMPLES_SEVERAL", {"openai-api"})
    server.reply = refusing("two", GONE)
    with_server(server, tmp_path, n=3)
    asked = [body.get("n") for body in server.of("judge") if body["model"] == "two"]
    assert asked.count(2) == 2 * 2, "with a schema and without, in both orders of the first match"


def test_where_every_judge_is_gone_the_sample_ends(server: Server, tmp_path: Path) -> None:
    server.reply = lambda body: GONE if role_of(body) == "judge" else answer(body)
    [sample] = with_server(server, tmp_path).samples or []
    assert "no such model" in str(sample.error)


def test_each_of_several_judges_is_tried_before_a_rollout(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "true")
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    monkeypatch.setenv("LOCAL_BASE_URL", f"{server.url}/v1")
    server.reply = lambda b: GONE if b["model"].startswith("wrong") else answer(b)
    names = ["judge", named(server, "wrong")]
    given = {"judge": server.model("one"), "summarizer": server.model("summarizer")}
    options: Any = {"display": "none", "log_dir": str(tmp_path), "ctl_server": False}
    agent: Any = server.model()
    strategy = rtv(n=2, votes=2, judges=names)
    [log] = eval(problem(), solver=strategy, model=agent, model_roles=given, **options)
    assert f"the model {names[1]} cannot be used" in str((log.samples or [])[0].error)
    assert set(server.roles()) == {"preflight"}
    server.asked.clear()
    server.reply = answer
    [log] = eval(problem(), solver=strategy, model=agent, model_roles=given, **options)
    assert log.status == "success"
    asked = Counter(body["model"].partition("-")[0] for body in server.of("judge"))
    assert asked == {"one": 1, "wrong": 1}


def test_a_retry_asks_only_the_judge_whose_votes_are_missing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    monkeypatch.setenv("LOCAL_BASE_URL", f"{server.url}/v1")
    names = [named(server, "one"), named(server, "two")]
    graded: list[Body] = []

    def fails_at_the_end(body: Body) -> Reply:
        """The last match of the tournament cannot be judged by anybody."""
        if role_of(body) == "judge":
            graded.append(body)
            if len(graded) > 8:
                return (402, said("no credit"))
        return answer(body)

    server.reply = fails_at_the_end
    options: Any = {"display": "none", "log_dir": str(tmp_path), "ctl_server": False}
    config = GenerateConfig(max_retries=0)
    agent = get_model(named(server, "agent"), config=config)
    strategy = rtv(n=3, votes=8, judges=names, early_stop=False)
    [log] = eval(asked_again(), solver=strategy, model=agent, **options)
    assert log.status == "error"
    server.reply = answer
    server.asked.clear()
    [log] = eval_retry(log, **options)
    assert log.status == "success"
    found = pool(log)
    assert len(server.of("judge")) == 8, "those of the first match are there"
    assert server.roles().count("agent") == 0
    for match in matches(found):
        dealt = Counter((vote.judge, vote.order) for vote in match.votes)
        assert set(dealt.values()) in ({2}, set())
    assert found.discrepancies() == ()


@task
def asked_again() -> Any:
    """A task that Inspect finds again by its name."""
    return problem()

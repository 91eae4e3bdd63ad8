"""What becomes of answers that are cut off, thought aloud, too long, or given by a schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic_api import serving as anthropic_serving
from inspect_ai import eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, get_model
from openai_api import SUMMARY, Body, Reply, Server, answer, serving
from scripted import calls, model, pool, prefer, problem, reply, run, summarize

from inspect_tts import Summary, Vote, rtv

VERDICT = "Final verdict: Solution 2"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def vote_of(log: EvalLog) -> Vote:
    [vote] = pool(log).selections[0].rounds[0].matches[0].votes
    return vote


def judged(folder: Path, *answers: ModelOutput) -> tuple[Vote, list[str]]:
    """One vote of a judge who gives these answers, and what it was asked last."""
    left = list(answers)
    log = run(problem(), rtv(n=2, votes=1), folder, judge=lambda input, config: left.pop(0))
    asked = [call.input for call in calls(log, "judge")]
    return vote_of(log), [messages[-1].text for messages in asked]


def summarized(folder: Path, *answers: ModelOutput) -> tuple[Summary, list[list[ChatMessage]]]:
    """The summary of a summarizer who gives these answers, and what it was asked."""
    left = list(answers)
    log = run(problem(), rtv(n=1), folder, summarizer=lambda input, config: left.pop(0))
    [rollout] = pool(log).rollouts
    return rollout.summary, [call.input for call in calls(log, "summarizer")]


# --- votes


def test_an_answer_that_was_cut_off_is_asked_for_in_fewer_words(tmp_path: Path) -> None:
    endless = reply("word " * 10_000, stop="max_tokens")
    vote, asked = judged(tmp_path, endless, reply(VERDICT))
    assert (vote.verdict, vote.reasked, vote.cut, vote.cause) == (vote.order[1], True, True, None)
    assert asked[1].startswith("Your answer was cut off at the limit of output tokens")
    assert "in far fewer words" in asked[1]


def test_an_answer_cut_off_twice_says_so(tmp_path: Path) -> None:
    vote, _ = judged(tmp_path, *[reply("So", stop="max_tokens")] * 2)
    assert (vote.verdict, vote.cause, vote.cut) == (None, "cut", True)
    assert "cut off at the limit of output tokens" in (vote.abstention or "")


def test_an_answer_that_is_only_long_is_not_told_to_be_shorter(tmp_path: Path) -> None:
    _, asked = judged(tmp_path, reply("No verdict."), reply(VERDICT))
    assert "cut off" not in asked[1]


def test_a_verdict_before_the_cut_counts(tmp_path: Path) -> None:
    vote, asked = judged(tmp_path, reply(f"{VERDICT}\n\nI add that", stop="max_tokens"))
    assert (vote.verdict, vote.cut, len(asked)) == (vote.order[1], True, 1)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("<think>Final verdict: Solution 1", "empty"),
        ("", "empty"),
        ("Final verdict: Solution 9", "unreadable"),
    ],
)
def test_an_abstention_has_its_cause(tmp_path: Path, text: str, cause: str) -> None:
    vote, _ = judged(tmp_path, reply(text), reply(text))
    assert (vote.verdict, vote.cause) == (None, cause)


def test_a_refusal_is_a_cause(tmp_path: Path) -> None:
    vote, _ = judged(tmp_path, *[reply("No.", stop="content_filter")] * 2)
    assert (vote.verdict, vote.cause) == (None, "refused")


def test_what_a_judge_thought_aloud_is_no_vote(tmp_path: Path) -> None:
    vote, _ = judged(tmp_path, reply(f"Final verdict: Solution 1</think>\n\n{VERDICT}"))
    assert (vote.verdict, vote.reasked) == (vote.order[1], False)
    assert "Solution 1" not in vote.text


# --- summaries


def summary(strategy: str) -> str:
    return json.dumps({"requirements": [], "strategy": strategy, "final_state": "ended"})


def test_a_structured_summary_without_end_is_bounded(tmp_path: Path) -> None:
    made, _ = summarized(tmp_path, reply(summary("s" * 1_000_000)))
    assert made.status == "structured"
    assert len(made.text) <= 32_000
    assert made.left_out > 960_000
    assert "characters left out" in made.text
    assert made.text.endswith('"final_state": "ended"\n}')


def test_the_last_object_that_fits_is_the_summary(tmp_path: Path) -> None:
    text = f'<think>{summary("draft")}</think>{summary("final")} Note: {{"a": 1}}'
    made, _ = summarized(tmp_path, reply(text))
    assert made.status == "structured"
    assert "final" in made.text
    assert "draft" not in made.text


def test_a_summary_that_was_cut_off_is_asked_for_in_fewer_words(tmp_path: Path) -> None:
    cut = reply(summary("s" * 9000)[:-20], stop="max_tokens")
    made, asked = summarized(tmp_path, cut, reply(summary("short")))
    assert (made.status, made.reasked, made.cut) == ("structured", True, False)
    assert asked[1][-1].text.startswith("Your answer was cut off")
    assert len(asked[1][-2].text) <= 4000


def test_a_summary_cut_off_twice_is_taken_as_text_and_says_so(tmp_path: Path) -> None:
    cut = reply(summary("tried it")[:-20], stop="max_tokens")
    made, _ = summarized(tmp_path, cut, cut)
    assert (made.status, made.cut) == ("text", True)
    assert "tried it" in made.text
    assert "cut off at the limit of output tokens" in (made.reason or "")


def test_thought_without_end_is_no_summary(tmp_path: Path) -> None:
    endless = reply("<think>It seems that", stop="max_tokens")
    made, asked = summarized(tmp_path, endless, endless)
    assert (made.status, made.cut) == ("failed", True)
    assert "cut off" in (made.reason or "")
    assert len(asked) == 2


def test_a_summarizer_writes_no_prompt_cache(tmp_path: Path) -> None:
    with anthropic_serving() as server:
        server.answer = lambda text: (
            SUMMARY if "<trajectory" in text else "Final verdict: Solution 1"
        )
        options: Any = {"base_url": server.url, "api_key": "none", "memoize": False}
        claude = get_model("anthropic/claude-sonnet-4-0", **options)
        log = run(
            problem(input="Solve it. " * 2000),
            rtv(n=2, votes=2),
            tmp_path,
            model_roles={"judge": claude, "summarizer": claude},
        )
        summaries = [call for call in server.answered if "<trajectory" in call.text]
        votes = [call for call in server.answered if "<trajectory" not in call.text]
    assert {r.summary.status for r in pool(log).rollouts} == {"structured"}
    assert [call.marks for call in summaries] == [[], []]
    assert {call.usage["cache_creation_input_tokens"] for call in summaries} == {0}
    assert any(call.marks for call in votes)


# --- a schema


def run_at(
    server: Server, folder: Path, provider: str = "openai-api/local", **options: Any
) -> EvalLog:
    [log] = eval(
        problem(),
        solver=rtv(**({"n": 2, "votes": 4, "early_stop": False} | options)),
        model=model(lambda input, config: reply("done")),
        model_roles={
            "judge": server.model("gpt-4o-mini", provider=provider),
            "summarizer": model(summarize, "summarizer"),
        },
        display="none",
        log_dir=str(folder),
        ctl_server=False,
    )
    return log


def by_schema(body: Body) -> Reply:
    verdict = {"comparison": "The second ran its tests.", "verdict": "Solution 2"}
    return json.dumps(verdict) if "response_format" in body else answer(body)


def test_a_verdict_is_asked_for_by_a_schema_with_the_reasons_first(
    server: Server, tmp_path: Path
) -> None:
    server.reply = by_schema
    log = run_at(server, tmp_path)
    votes = pool(log).selections[0].rounds[0].matches[0].votes
    assert [vote.verdict for vote in votes] == [vote.order[1] for vote in votes]
    assert all(vote.schema_used for vote in votes)
    schema = server.of("judge")[0]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["comparison", "verdict"]
    assert schema["properties"]["verdict"]["enum"] == ["Solution 1", "Solution 2"]


def test_a_grade_is_asked_for_by_a_schema(server: Server, tmp_path: Path) -> None:
    server.reply = lambda body: '{"comparison": "Fine.", "grade": 17}'
    log = run_at(server, tmp_path, selection="pointwise", votes=1)
    grades = {m.grade for m in pool(log).selections[0].rounds[0].matches}
    assert grades == {17.0}


@pytest.mark.parametrize(
    "message",
    [
        "response_format is not supported",
        "This response_format type is unavailable now",
        "Invalid schema for response_format 'verdict'",
        "response_format: Input should be 'text' or 'json_object'",
    ],
)
def test_a_refused_schema_costs_one_call(server: Server, tmp_path: Path, message: str) -> None:
    refused = {"error": {"message": message, "type": "invalid"}}
    server.reply = lambda body: (400, refused) if "response_format" in body else answer(body)
    log = run_at(server, tmp_path, n=4)
    votes = [v for r in pool(log).selections[0].rounds for m in r.matches for v in m.votes]
    assert len(votes) == 12
    assert {vote.verdict for vote in votes if vote.verdict is None} == set()
    assert not any(vote.schema_used for vote in votes)
    first_wave = 8
    assert sum("response_format" in body for body in server.asked) <= first_wave


def test_a_schema_that_breaks_the_server_is_left_out_each_time(
    server: Server, tmp_path: Path
) -> None:
    broken = {"error": {"message": "failed to parse grammar", "type": "server_error"}}
    server.reply = lambda body: (500, broken) if "response_format" in body else answer(body)
    log = run_at(server, tmp_path, n=2)
    votes = pool(log).selections[0].rounds[0].matches[0].votes
    assert all(vote.verdict for vote in votes)
    tried = ["response_format" in body for body in server.of("judge")]
    assert tried.count(False) == len(votes)
    assert tried.count(True) >= len(votes), "such an error may pass"


@pytest.mark.parametrize("selection", ["tournament", "pointwise"])
@pytest.mark.parametrize("dead", [True, False])
def test_a_provider_that_is_gone_is_not_asked_in_another_form(
    server: Server, tmp_path: Path, selection: str, dead: bool
) -> None:
    server.reply = lambda body: (503, {"error": {"message": "overloaded"}})
    if dead:
        server.url = "http://127.0.0.1:9"
    gone = server.model("gpt-4o-mini", provider="openai-api/local")
    roles = {"judge": gone, "summarizer": gone}
    strategy = rtv(n=2, votes=4, selection=selection, early_stop=False, preflight=False)
    log = run(problem(), strategy, tmp_path, model_roles=roles)
    votes = [v for m in pool(log).selections[0].rounds[0].matches for v in m.votes]
    assert {vote.cause for vote in votes} == {"provider"}
    assert len(calls(log, "judge")) == len(votes)
    assert len(calls(log, "summarizer")) == 2


def test_an_answer_that_ignores_the_schema_is_read(server: Server, tmp_path: Path) -> None:
    log = run_at(server, tmp_path, votes=1)
    assert vote_of(log).verdict == vote_of(log).order[0]


def test_several_answers_to_one_request_keep_the_schema(server: Server, tmp_path: Path) -> None:
    server.reply = by_schema
    log = run_at(server, tmp_path, provider="openai")
    votes = pool(log).selections[0].rounds[0].matches[0].votes
    assert [body.get("n") for body in server.of("judge")] == [2, 2]
    assert all(vote.verdict == vote.order[1] for vote in votes)


def test_a_provider_that_takes_no_schema_is_sent_none(tmp_path: Path) -> None:
    seen: list[GenerateConfig] = []

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        seen.append(config)
        return prefer("#good")(input, config)

    log = run(problem(), rtv(n=2, votes=1), tmp_path, judge=judge)
    assert [config.response_schema for config in seen] == [None]
    assert not vote_of(log).schema_used

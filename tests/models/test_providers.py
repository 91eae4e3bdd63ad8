"""Votes are cheap: shared prefixes are written once and read by the rest, and none is lost."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from anthropic_api import GARBAGE, SILENT, Call, Server, serving
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    BatchConfig,
    ChatMessage,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)
from scripted import acting, model, pool, problem, reply, run, says, summarize

from inspect_tts import Match, rtv
from inspect_tts.models.providers import vote_mode
from inspect_tts.text.fences import blocks

PROBLEM = "Make the parser accept what the grammar says. " * 400
VOTES = 8


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def claude(server: Server, config: GenerateConfig | None = None, **options: Any) -> Model:
    return get_model(
        "anthropic/claude-sonnet-4-5",
        base_url=server.url,
        api_key="none",
        config=config or GenerateConfig(),
        memoize=False,
        **options,
    )


def judged(
    judge: Model, log_dir: Path, *, early_stop: bool = False, votes: int = VOTES, **options: Any
) -> EvalLog:
    roles = {"judge": judge, "summarizer": model(summarize, "summarizer")}
    agent = acting(says("#good"), says("#bad"))
    strategy = rtv(n=2, votes=votes, early_stop=early_stop, agent=agent)
    return run(problem(input=PROBLEM), strategy, log_dir, model_roles=roles, **options)


def match_of(log: EvalLog) -> Match:
    return pool(log).selections[0].rounds[0].matches[0]


def orders(calls: list[Call]) -> list[list[Call]]:
    """The calls by their prompt, in the order in which they came."""
    by_text: dict[str, list[Call]] = {}
    for call in calls:
        by_text.setdefault(call.text, []).append(call)
    return list(by_text.values())


def uncached(call: Call) -> int:
    return call.usage["input_tokens"] + call.usage["cache_creation_input_tokens"]


def size(call: Call) -> int:
    return uncached(call) + call.usage["cache_read_input_tokens"]


def assert_none_lost_or_doubled(log: EvalLog, server: Server, votes: int = VOTES) -> None:
    match = match_of(log)
    assert [vote.index for vote in match.votes] == list(range(votes))
    assert [vote.abstention for vote in match.votes] == [None] * votes
    assert len({vote.text for vote in match.votes}) == votes == len(server.answered)
    for name, key in {
        "input_tokens": "input_tokens",
        "cache_write_tokens": "cache_creation_input_tokens",
        "cache_read_tokens": "cache_read_input_tokens",
        "output_tokens": "output_tokens",
    }.items():
        counted = sum(getattr(vote.usage, name) for vote in match.votes)
        assert counted == sum(call.usage[key] for call in server.answered)
    assert pool(log).discrepancies() == ()


# --- the provider's cache

CONFIGS = {
    "plain": GenerateConfig(),
    "settings": GenerateConfig(temperature=0.7, max_tokens=500, cache_prompt="auto"),
    "streaming": GenerateConfig(max_tokens=20000, system_message="Be brief."),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_votes_read_what_the_first_of_their_order_wrote(
    tmp_path: Path, server: Server, config: GenerateConfig
) -> None:
    server.together = (2,)
    log = judged(claude(server, config), tmp_path)
    assert_none_lost_or_doubled(log, server)
    asked = server.answered
    assert sum(map(uncached, asked)) <= 0.35 * sum(map(size, asked))
    assert len(orders(asked)) == 2
    for leader, *followers in orders(asked):
        assert len(followers) == 3
        assert leader.ended <= min(call.began for call in followers)
        assert {call.usage["cache_read_input_tokens"] for call in followers} == {size(leader)}
    first, second = (same[0] for same in orders(asked))
    assert second.began < first.ended


def test_marks_stand_after_the_problem_the_solutions_and_the_instructions(
    tmp_path: Path, server: Server
) -> None:
    judged(claude(server), tmp_path, votes=2)
    for call in server.answered:
        problem_piece, solutions, instructions = (block["text"] for block in call.blocks)
        assert problem_piece.endswith(f"{PROBLEM.strip()}\n</problem>\n\n")
        tags = ["solution_1", "facts_1", "solution_2", "facts_2"]
        assert [block.tag for block in blocks(solutions)] == tags
        assert instructions.strip().endswith("Final verdict: Solution 2")
        assert call.marks == [0, 1, 2]
        assert [b["cache_control"] for b in call.blocks] == [{"type": "ephemeral"}] * 3
    assert len({call.blocks[0]["text"] for call in server.answered}) == 1


def test_with_early_stop_later_waves_read_the_cache_without_waiting(
    tmp_path: Path, server: Server
) -> None:
    server.answer = lambda text: "Final verdict: Solution 1"  # undecided to the end
    server.together = (2, 9, 13)  # its leaders, the first wave, the second
    log = judged(claude(server), tmp_path, early_stop=True, votes=16)
    assert_none_lost_or_doubled(log, server, 16)
    written = [c for c in server.answered if c.usage["cache_creation_input_tokens"]]
    assert written == server.answered[:2]
    second = server.answered[9:13]  # of waves of 9, 4, 2 and 1
    assert len(orders(second)) == 2
    assert max(call.began for call in second) < min(call.ended for call in second)


def test_without_the_providers_cache_nothing_waits(tmp_path: Path, server: Server) -> None:
    server.together = (VOTES,)
    log = judged(claude(server, GenerateConfig(cache_prompt=False)), tmp_path)
    assert_none_lost_or_doubled(log, server)
    assert [call.marks for call in server.answered] == [[]] * VOTES
    assert max(c.began for c in server.answered) < min(c.ended for c in server.answered)


def test_a_provider_without_prefix_cache_is_asked_all_at_once(tmp_path: Path) -> None:
    waiting = anyio.Event()
    number = count(1)

    async def outputs(
        input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        if next(number) == VOTES:
            waiting.set()
        with anyio.fail_after(60):
            await waiting.wait()
        return reply("Final verdict: Solution 1")

    judge = get_model("mockllm/judge", custom_outputs=outputs, memoize=False)
    log = judged(judge, tmp_path)
    assert [vote.abstention for vote in match_of(log).votes] == [None] * VOTES


# --- failures

FAILURES = {
    "busy": [429, 529, 500],
    "overloaded for long": [529] * 6,  # Inspect retries after the package has given up
}


@pytest.mark.parametrize("failures", FAILURES.values(), ids=FAILURES)
def test_no_vote_is_lost_or_doubled_by_retries(
    tmp_path: Path, server: Server, failures: list[int]
) -> None:
    server.failures = list(failures)
    log = judged(claude(server), tmp_path)
    assert_none_lost_or_doubled(log, server)
    assert sorted(c.status for c in server.calls if c.status != 200) == sorted(failures)
    asked = server.answered
    assert sum(map(uncached, asked)) <= 0.35 * sum(map(size, asked))


def test_a_first_vote_that_fails_does_not_take_the_others_with_it(
    tmp_path: Path, server: Server
) -> None:
    server.failures = [400] * 4  # each with a schema, then without
    votes = match_of(judged(claude(server), tmp_path)).votes
    assert [vote.index for vote in votes] == list(range(VOTES))
    assert [vote.abstention is None for vote in votes] == [False] * 2 + [True] * 6


def test_garbage_is_a_vote_that_abstains(tmp_path: Path, server: Server) -> None:
    server.failures = [GARBAGE] * 4
    votes = match_of(judged(claude(server), tmp_path)).votes
    assert [vote.abstention is None for vote in votes] == [False] * 2 + [True] * 6


PATIENCE = GenerateConfig(attempt_timeout=1, max_retries=1)


def test_a_provider_that_does_not_answer_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.failures = [SILENT]
    votes = match_of(judged(claude(server, PATIENCE), tmp_path)).votes
    assert [vote.abstention for vote in votes] == [None] * VOTES


def test_a_provider_that_never_answers_ends_in_abstentions(tmp_path: Path, server: Server) -> None:
    server.failures = [SILENT] * 100
    match = match_of(judged(claude(server, PATIENCE), tmp_path))
    assert len([vote for vote in match.votes if vote.abstention]) == len(match.votes) == VOTES
    assert match.decided_by == "random"


# --- Inspect's cache and batches


def test_each_vote_has_a_cache_scope_of_its_own(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    found = []
    for _ in range(2):
        log = judged(claude(server), tmp_path, cache=True)
        assert len(server.calls) == VOTES
        found.append([vote.text for vote in match_of(log).votes])
    cold, warm = found
    assert len(set(cold)) == VOTES
    assert warm == cold


def test_a_wave_is_one_batch(tmp_path: Path, server: Server) -> None:
    batch = BatchConfig(size=VOTES, tick=0.05, send_delay=5)
    log = judged(claude(server, GenerateConfig(batch=batch)), tmp_path)
    assert [len(requests) for requests in server.batches] == [VOTES]
    assert all(call.batched and call.marks == [0, 1, 2] for call in server.answered)
    assert_none_lost_or_doubled(log, server)


# --- how


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GenerateConfig(), "warm_cache"),
        (GenerateConfig(cache_prompt=True), "warm_cache"),
        (GenerateConfig(cache_prompt=False), "parallel"),
        (GenerateConfig(batch=True), "parallel"),
        (GenerateConfig(batch=False), "warm_cache"),
    ],
)
def test_how_votes_are_asked(server: Server, config: GenerateConfig, expected: str) -> None:
    assert vote_mode(claude(server, config), GenerateConfig()) == expected
    assert vote_mode(claude(server), config) == expected

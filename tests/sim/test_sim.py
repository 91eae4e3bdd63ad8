"""The simulated model: settings, draws, playbooks, and the agent it plays."""

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    get_model,
)
from sim_cases import FENCE, REACT

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts.benchmarks.demo.problems import load_problems
from inspect_tts.errors import UserError
from inspect_tts.prompts import load_prompt
from inspect_tts.sim.agent import Plan, context_attempts, make_plan, solve_probability
from inspect_tts.sim.chance import Stream
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.playbook import Playbook, demo_playbooks, find_playbook, load_playbooks
from inspect_tts.sim.respond import respond
from inspect_tts.text.fences import fenced

BOOKS = {book.id: book for book in demo_playbooks()}
BOOK = BOOKS["bill-shares"]
STATEMENT = next(p.statement for p in load_problems() if p.id == BOOK.id)
FLAWLESS = SimConfig(failure_rate=0)
FRUGAL_PLAYBOOK = {
    "id": "own",
    "marker": "The lamp does not light",
    "solve_rate": 1,
    "explore": ["ls lamp", ["cat <<'EOF'", "two lines", "EOF"]],
    "test": "sh test.sh",
    "right": {"name": "plug", "idea": "plug it in", "commands": ["echo on > lamp/state"]},
    "wrong": [{"name": "kick", "idea": "kick it", "commands": ["echo off > lamp/state"]}],
}


def attempts(*fixes: str) -> str:
    fix_texts = {fix.name: "\n".join(fix.shell()) for fix in (BOOK.right, *BOOK.wrong)}
    blocks = [
        fenced(FENCE, f"attempt_{n}", json.dumps({"after": fix_texts[fix]}))
        for n, fix in enumerate(fixes, start=1)
    ]
    return load_prompt("refinement").format(summaries="\n\n".join(blocks), fence=FENCE)


def chosen_fix(plan: Plan, book: Playbook = BOOK) -> str | None:
    text = "\n".join(move.command for move in plan.moves if move.kind == "command")
    found = [fix.name for fix in (book.right, *book.wrong) if fix.found_in(text)]
    # a wrong fix that was tried first and taken back does not count
    return found[0] if found else None


# settings


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("solve_rate", 1.5, "less than or equal to 1"),
        ("failure_rate", -0.1, "give failure_rate >= 0"),
        ("context_gain", "high", "is not a number"),
        ("judge_accuracy", 2, "less than or equal to 1"),
        ("position_bias", None, "is not a number"),
        ("abstain_rate", True, "is not a number"),
        ("summary_failure_rate", float("nan"), "is not a number"),
        ("latency", -1, "give latency >= 0"),
        ("latency", float("inf"), "is not a number"),
        ("steps", -1, "give steps >= 0"),
        ("steps", 1.5, "is not a whole number"),
        ("output_chars", "many", "is not a whole number"),
        ("seed", "x", "is not a whole number"),
        ("playbook", 3, "is not a string"),
    ],
)
def test_bad_value_is_named_with_what_is_allowed(name: str, value: object, said: str) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(UserError, match=rf"{name}={value!r}.*{said}"):
        get_model("simulated/coder", **given)


def test_unknown_argument_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="no argument sovle_rate; did you mean solve_rate"):
        get_model("simulated/coder", sovle_rate=1)


def test_values_at_the_bounds_are_taken() -> None:
    assert SimConfig(solve_rate=0, failure_rate=1, latency=0.5).solve_rate == 0


# draws


def test_draws_depend_on_key_and_name_alone() -> None:
    one, same, other = Stream((1, "a")), Stream((1, "a")), Stream((1, "b"))
    assert one.unit("x") == same.unit("x")
    assert len({one.unit("x"), one.unit("y"), other.unit("x")}) == 3


def test_draws_are_uniform() -> None:
    draws = [Stream((0, scope)).unit("x") for scope in range(4000)]
    assert all(abs(sum(d < p for d in draws) / 4000 - p) < 0.03 for p in (0.1, 0.5, 0.9))
    picks = [Stream((0, scope)).pick("abc", "y") for scope in range(3000)]
    assert all(abs(picks.count(letter) - 1000) < 120 for letter in "abc")
    with pytest.raises(ValueError, match="nothing to pick"):
        Stream(()).pick([], "z")


# playbooks


def test_playbook_is_found_by_its_marker() -> None:
    books = tuple(BOOKS.values())
    assert find_playbook(f"Please solve this.\n\n{STATEMENT}", books) is BOOK
    assert find_playbook("Something else", books) is None


def test_playbook_of_a_file_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps([FRUGAL_PLAYBOOK]))
    model: Any = get_model("simulated/coder", playbook=str(path), memoize=False).api
    assert model.books[0].id == "own"
    assert len(model.books) == len(BOOKS) + 1
    assert load_playbooks(str(path))[0].explore[1] == "cat <<'EOF'\ntwo lines\nEOF"


@pytest.mark.parametrize(
    "text", ["no json", '{"id": "x"}', json.dumps({**FRUGAL_PLAYBOOK, "solve_rate": 2})]
)
def test_bad_playbook_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"playbook='.*bad\.json' is not a JSON file of playbooks"):
        load_playbooks(str(path))
    with pytest.raises(UserError, match=r"missing\.json"):
        load_playbooks(str(tmp_path / "missing.json"))


def test_without_a_shell_the_agent_just_answers() -> None:
    reply = respond(FLAWLESS, [BOOK], [ChatMessageUser(content=STATEMENT)], [], 1)
    assert reply.calls == ()
    assert "no way to run a command" in reply.text


# the agent


def test_solve_rate_is_met_over_lanes() -> None:
    for config in (FLAWLESS, FLAWLESS.model_copy(update={"solve_rate": 0.8})):
        rate = BOOK.solve_rate if config.solve_rate is None else config.solve_rate
        plans = [make_plan(config, BOOK, STATEMENT, scope) for scope in range(800)]
        solved = sum(chosen_fix(plan) == BOOK.right.name for plan in plans)
        assert abs(solved / 800 - rate) < 0.05


@pytest.mark.parametrize(
    ("context", "low", "high"),
    [
        (["floor-division"] * 4, 0.0, 0.12),
        (["magnitude"] + ["floor-division"] * 3, 0.2, 0.45),
        (["magnitude"] * 2 + ["rest-to-first"] * 2, 0.5, 0.65),
        (["magnitude"] * 4, 0.85, 1.0),
    ],
)
def test_context_pulls_the_solve_rate(context: list[str], low: float, high: float) -> None:
    texts = context_attempts(attempts(*context))
    assert len(texts) == len(context)
    assert low <= solve_probability(SimConfig(), BOOK, texts) <= high
    assert solve_probability(SimConfig(context_gain=0), BOOK, texts) == BOOK.solve_rate


def test_failing_context_spreads_its_mistake() -> None:
    briefing = STATEMENT + attempts("rest-to-last", "rest-to-last")
    config = FLAWLESS.model_copy(update={"solve_rate": 0, "context_gain": 0})
    refined = [chosen_fix(make_plan(config, BOOK, briefing, scope)) for scope in range(200)]
    alone = [chosen_fix(make_plan(config, BOOK, STATEMENT, scope)) for scope in range(200)]
    assert refined.count("rest-to-last") > 2 * alone.count("rest-to-last")
    assert None not in refined


def test_refined_rollout_is_shorter() -> None:
    def mean(briefing: str) -> float:
        plans = [make_plan(FLAWLESS, BOOK, briefing, scope) for scope in range(50)]
        return sum(len(plan.moves) for plan in plans) / 50

    assert mean(STATEMENT + attempts("magnitude")) < mean(STATEMENT) - 0.5


def test_failures_are_of_every_kind() -> None:
    config = SimConfig(failure_rate=1, solve_rate=1)
    plans = [make_plan(config, BOOK, STATEMENT, scope) for scope in range(200)]
    malformed = [p for p in plans if any(m.kind == "malformed" for m in p.moves)]
    endless = [p for p in plans if p.move(10_000).kind == "command"]
    recovered = [p for p in malformed if chosen_fix(p) == "magnitude"]
    quitters = [p for p in plans if p not in malformed and p not in endless]
    assert min(len(recovered), len(malformed) - len(recovered)) > 20
    assert min(len(endless), len(quitters)) > 20
    assert all(chosen_fix(p) is None for p in [*endless, *quitters])
    share = sum(
        make_plan(SimConfig(failure_rate=0.2, solve_rate=1), BOOK, STATEMENT, scope)
        != make_plan(SimConfig(failure_rate=0, solve_rate=1), BOOK, STATEMENT, scope)
        for scope in range(500)
    )
    assert abs(share / 500 - 0.2) < 0.06


def test_extra_steps_and_filler() -> None:
    plain = make_plan(FLAWLESS, BOOK, STATEMENT, 1)
    loaded = make_plan(
        FLAWLESS.model_copy(update={"steps": 5, "output_chars": 900}), BOOK, STATEMENT, 1
    )
    assert len(loaded.moves) == len(plain.moves) + 5
    assert sum("head -c 900" in move.command for move in loaded.moves) >= 7


def test_unknown_problem_is_looked_at_and_left() -> None:
    plan = make_plan(FLAWLESS, None, "What is this?", 1)
    assert [move.kind for move in plan.moves[-2:]] == ["command", "finish"]
    assert all("write" not in move.command for move in plan.moves)


def test_position_in_the_conversation_is_the_step() -> None:
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="You are an agent."),
        ChatMessageUser(content=STATEMENT),
    ]
    plan = make_plan(FLAWLESS, BOOK, f"You are an agent.\n\n{STATEMENT}", 3)
    for move in plan.moves:
        reply = respond(FLAWLESS, [BOOK], messages, REACT, 3)
        expected = {"command": move.command} if move.kind == "command" else {"answer": move.thought}
        assert reply.calls[0].arguments == expected
        messages += [ChatMessageAssistant(content=reply.text), ChatMessageUser(content="ok")]


def test_seed_and_lane_make_another_rollout() -> None:
    def plans(seed: int, scopes: range) -> list[Plan]:
        return [make_plan(SimConfig(seed=seed), BOOK, STATEMENT, scope) for scope in scopes]

    assert plans(0, range(8)) == plans(0, range(8))
    assert plans(0, range(8)) != plans(1, range(8))
    assert len(set(plans(0, range(16)))) >= 12

"""Close matches are decided by an agent that runs both results, or stay as the votes have them."""

from pathlib import Path
from typing import Any

import pytest
from bad_ends import PRICE
from conftest import Box, local_box
from executed import ALSO_RIGHT, REPOSITORY, RIGHT, WRONG, leaves, repository
from helpers import shell
from inspect_ai.event import InfoEvent, SandboxEvent
from inspect_ai.model import ChatMessage, GenerateConfig, ModelInfo, ModelOutput, set_model_info
from investigating import (
    BEST,
    first_shown,
    folder_of,
    investigate,
    matches,
    only_match,
    paid,
    says_always,
    tries_both,
)
from scripted import acting, calls, only, pool, problem, says, spans

from inspect_tts.method.voting.close_matches import leader

DOCKER = pytest.param("docker", 0, marks=[pytest.mark.docker, pytest.mark.faults])


@pytest.mark.parametrize(("box", "seed"), [("local", 0), ("local", 2), DOCKER], indirect=["box"])
def test_the_agent_decides_by_what_it_saw_in_either_order(
    box: Box, seed: int, tmp_path: Path
) -> None:
    seen: list[str] = []

    def looks(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if len(input) == 1:
            return paid(shell(f"cd {folder_of(input)} && head */sums.py; ls -A; git -C $OLDPWD st"))
        seen.append(input[2].text)
        return tries_both([input[0], *input[3:]], config)

    task = repository(sandbox=box.spec, name=box.task_name, setup=f"{REPOSITORY}\n{box.setup}\n")
    log = investigate(tmp_path, looks, task=task, seed=seed)
    found = pool(log)
    match, looked = only_match(found)
    good = next(r.id for r in found.rollouts if "#good" in r.summary.text)
    assert (match.tally, match.tied) == (dict.fromkeys(match.group, 1), match.group)
    assert (match.decided_by, match.winner, found.adopted) == ("investigation", good, good)
    assert (looked.ended, looked.verdict, looked.reason) == ("verdict", good, None)
    assert looked.order == match.group
    assert (looked.order[0] == "t0-n00") == (seed == 2)
    parts = seen[0].split("==>")
    told = {part.split("/")[0].strip(): part for part in parts if "sums.py" in part}
    shown = [told["solution_1"], told["solution_2"]]
    assert "return a - b" in told["untouched"]
    sources = ["a + b" if id == good else "a * b" for id in looked.order]
    assert all(source in text for source, text in zip(sources, shown, strict=True))
    assert [fact.returncode for fact in looked.commands][1:] == [0]
    assert "use solution_2" in looked.commands[1].command
    assert (looked.turns, looked.usage.total_tokens) == (3, 45)
    span = spans(log)[f"{match.id}-investigation"]
    assert spans(log)[span.parent_id or ""].name.startswith("match ")
    assert [d.key for d in found.draws if d.key.endswith("/tie")] == []
    assert found.discrepancies() == ()
    assert box.alive() == []
    if box.kind == "local":
        assert len(box.opened()) == 1 + 2 + 1
        assert not Path(folder_of(calls(log, "investigator")[0].input)).exists()


def test_what_it_ran_is_in_the_log(tmp_path: Path) -> None:
    log = investigate(tmp_path)
    match, _ = only_match(pool(log))
    inside = [e for e in only(log).events if e.span_id in spans(log)]
    ran = [e for e in inside if isinstance(e, SandboxEvent) and "use solution_1" in (e.cmd or "")]
    assert "7" in (ran[0].output or "")
    told = [e.data for e in inside if isinstance(e, InfoEvent) and "investigation" in str(e.data)]
    assert any(f"{match.winner}" in str(data) for data in told)


def test_a_lead_of_one_may_be_overturned_and_more_is_not_asked_about(tmp_path: Path) -> None:
    for seed in range(4):  # one of them has the wrong result in front
        log = investigate(tmp_path / str(seed), votes=3, early_stop=True, seed=seed)
        match, looked = only_match(pool(log))
        assert sorted(match.tally.values()) == [1, 2]
        if leader(match.tally) != looked.verdict:
            break
    assert match.winner == looked.verdict
    assert match.decided_by == "investigation"
    clear = investigate(tmp_path / "clear", votes=3, judge=BEST)
    [match] = matches(pool(clear))
    assert (match.investigation, match.decided_by) == (None, "votes")
    assert calls(clear, "investigator") == []
    assert pool(clear).discrepancies() == ()


def raises(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    raise RuntimeError("no such day")


LOOK = shell("ls")
NO_VERDICT: dict[str, Any] = {
    "turns": (says_always(LOOK), {"investigation_turns": 3}, "limit", "urn limit", 4),
    "dollars": (says_always(LOOK, 0.3), {"investigation_cost": 0.5}, "limit", "ost limit", 1),
    "failure": (raises, {}, "error", "no such day", 0),
    "unreadable": (says_always("I cannot tell."), {}, "unreadable", "no readable verdict", 2),
    "no such solution": (says_always("Final verdict: Solution 3"), {}, "unreadable", "no read", 2),
}


@pytest.mark.parametrize("given", NO_VERDICT.values(), ids=NO_VERDICT)
def test_without_a_verdict_the_match_stays_as_it_was(given: Any, tmp_path: Path) -> None:
    policy, options, ended, reason, turns = given
    set_model_info("mockllm/investigator", ModelInfo(cost=PRICE))
    found = pool(investigate(tmp_path / "a", policy, **options))
    without = pool(investigate(tmp_path / "b", None, close="votes"))
    match, looked = only_match(found)
    assert (looked.ended, looked.verdict, looked.turns) == (ended, None, turns)
    assert reason in (looked.reason or "")
    [before] = matches(without)
    assert match.model_copy(update={"investigation": None, "votes": before.votes}) == before
    assert found.draws == without.draws
    assert found.discrepancies() == without.discrepancies() == ()


def test_an_unreadable_answer_is_asked_for_once_more(tmp_path: Path) -> None:
    def late(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        again = "did not end in a readable verdict" in input[-1].text
        return says_always("Final verdict: Solution 2" if again else "Hm.")(input, config)

    match, looked = only_match(pool(investigate(tmp_path, late)))
    assert (looked.ended, looked.reasked, match.winner) == ("verdict", True, match.group[1])


def large(mark: str) -> Any:
    return leaves(mark, RIGHT, also=["head -c 3000000 /dev/urandom > large.bin"])


NOT_RUN: dict[str, Any] = {
    "no sandbox": (problem, acting(says("#good"), says("#b")), "no git repository"),
    "no repository": (
        lambda: repository(setup="#!/bin/bash\ntrue\n"),
        acting(leaves("#good", RIGHT), leaves("#b", WRONG)),
        "no git repository",
    ),
    "a result that was not kept": (repository, acting(large("#a"), leaves("#b", WRONG)), "more"),
    "one result": (repository, acting(leaves("#a", RIGHT), leaves("#b", RIGHT)), "the same"),
}


@pytest.mark.parametrize(("task", "agent", "why"), NOT_RUN.values(), ids=NOT_RUN)
def test_where_nothing_can_be_tried_the_record_says_why(
    task: Any, agent: Any, why: str, tmp_path: Path
) -> None:
    log = investigate(tmp_path, task=task(), agent=agent)
    match, looked = only_match(pool(log))
    assert (looked.ended, match.decided_by) == ("not run", "random")
    assert why in (looked.reason or "")
    assert calls(log, "investigator") == []
    assert pool(log).discrepancies() == ()


def test_a_patch_that_does_not_fit_costs_no_call(tmp_path: Path) -> None:
    """The workspace differs from one sandbox to the next, as no patch can know."""
    counter = tmp_path / "count"
    setup = f"{REPOSITORY}\necho >> {counter}\n"
    setup += f'[ "$(wc -l < {counter})" -lt 4 ] || echo other > sums.py\n'
    setup += "git add -A && git commit -qm more --allow-empty\n"
    log = investigate(tmp_path, task=repository(setup=setup))
    _, looked = only_match(pool(log))
    assert (looked.ended, calls(log, "investigator")) == ("not run", [])
    assert "does not apply" in (looked.reason or "")


def test_nothing_of_the_benchmark_reaches_its_prompt(tmp_path: Path) -> None:
    task = repository()
    for sample in task.dataset:
        sample.target, sample.metadata = "CANARY-target", {"tests": "CANARY-metadata"}

    def spies(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if len(input) == 1:
            folder = folder_of(input)
            return paid(shell(f"env; cat {folder}/*/*.py; grep -ra . {folder} . | head -c 90000"))
        return says_always("Final verdict: Solution 1")(input, config)

    log = investigate(tmp_path, spies, task=task, score_rollouts=True, check="true")
    assert only_match(pool(log))[1].ended == "verdict"
    asked = calls(log, "investigator")
    texts = "\n".join(message.text for call in asked for message in call.input)
    assert "def add" in texts
    assert "CANARY" not in texts
    assert "score" not in asked[0].input[0].text.replace("underscore", "")


def test_an_investigation_is_paid_for_once(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()

    def evaluate(name: str, **options: Any) -> Any:
        return investigate(tmp_path / name, resume=str(tmp_path / "store"), **options)

    first, second = evaluate("a"), evaluate("b")
    assert calls(second, "investigator") == []
    one, two = (only_match(pool(log))[1] for log in (first, second))
    assert (one.reused, two) == (False, one.model_copy(update={"reused": True}))
    assert pool(second).taken_over["investigation"] == 1
    assert pool(second).discrepancies() == ()
    for change in ({"investigation_turns": 9}, {"investigation_cost": 9.0}, {"seed": 1}):
        assert calls(evaluate(str(change), **change), "investigator") != []


def test_its_sandbox_counts_against_max_rollouts_and_waits_for_nobody(tmp_path: Path) -> None:
    box = local_box(tmp_path)
    task = repository(setup=f"{REPOSITORY}\n{box.setup}\n", count=3)
    log = investigate(tmp_path, task=task, max_rollouts=3, check="true")
    assert log.status == "success"
    assert len(box.opened()) == 3 * (1 + 2 + 1 + 1)
    assert box.alive() == []
    refused = investigate(tmp_path, max_rollouts=2)
    assert "max_rollouts=2 is too small" in str(refused.error)


def test_several_close_matches_are_investigated_one_after_the_other(tmp_path: Path) -> None:
    acts = [leaves("#good", RIGHT), leaves("#b", WRONG), leaves("#c", ALSO_RIGHT), leaves("#d", "")]
    log = investigate(tmp_path, first_one, agent=acting(*acts), n=4)
    found = pool(log)
    ends = [match.investigation for match in matches(found)]
    assert [each.ended for each in ends if each] == ["verdict"] * 3
    inside = [s for s in spans(log).values() if s.name.startswith("investigation ")]
    closed = {e.id: e.timestamp for e in only(log).events if e.event == "span_end"}
    first, second, _ = sorted(inside, key=lambda span: span.timestamp)
    assert closed[first.id] <= second.timestamp
    assert found.discrepancies() == ()


def first_one(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    if len(input) == 1:
        return paid(shell("sleep 1"))
    return says_always("Final verdict: Solution 1")(input, config)


def test_a_budget_that_is_used_up_investigates_nothing(tmp_path: Path) -> None:
    log = investigate(tmp_path, judge=first_shown, eval_args={"token_limit": 130})
    match, looked = only_match(pool(log))
    assert looked.ended == "not run"
    assert "limit left no room" in (looked.reason or "")
    assert match.winner in match.group
    assert pool(log).discrepancies() == ()


def test_the_message_limit_of_rollouts_does_not_end_an_investigation(tmp_path: Path) -> None:
    def looks_around(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if len(input) < 9:
            return paid(shell("ls"))
        return says_always("Final verdict: Solution 1")(input, config)

    log = investigate(tmp_path, looks_around, eval_args={"message_limit": 6})
    _, looked = only_match(pool(log))
    assert {rollout.status for rollout in pool(log).rollouts} == {"completed"}
    assert (looked.ended, looked.turns) == ("verdict", 5)

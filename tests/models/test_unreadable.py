"""Summarizers and judges that answer badly, or not at all: asked once more, then recorded as is."""

from collections import Counter
from pathlib import Path

import pytest
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from scripted import (
    Policy,
    acting,
    calls,
    mark,
    only,
    pool,
    problem,
    reply,
    run,
    says,
    solutions,
    summarize,
)

from inspect_tts import Summary, rtv

# --- summaries

ODD = (
    "#plain",
    "#garbled",
    "#hopeless",
    "#schemaless",
    "#refuses",
    "#declines",
    "#breaks",
    "#cut",
    "#long",
    "#endless",
)


def odd_summarizer(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """Answers by the mark of the trajectory that it is shown."""
    about, asked_before = mark(input[0].text.rpartition("<trajectory>")[2]), len(input) > 1
    good = summarize(input, config)
    match about:
        case "#garbled":
            return good if asked_before else reply("It went well #garbled")
        case "#hopeless":
            return reply("still prose") if asked_before else reply("first prose #hopeless")
        case "#schemaless" if config.response_schema is not None:
            raise RuntimeError("response_schema is not supported")
        case "#refuses":
            return reply("", stop="content_filter")
        case "#declines":
            return reply("Your prompt was flagged.", stop="content_filter")
        case "#long" if len(input[0].text) > 50_000:
            return reply("prompt is too long: 99999 tokens", stop="model_length")
        case "#endless":
            return reply("prompt is too long: 99999 tokens", stop="model_length")
        case "#breaks":
            raise RuntimeError("the provider is down")
        case "#cut":
            return good if asked_before else reply(good.completion[:40], stop="max_tokens")
    return good


def said(name: str) -> list[str]:
    """What an agent says: its mark, and perhaps more than a context holds."""
    return (
        [name, *(f"{name} {number} " + "x" * 9_000 for number in range(20))]
        if (name in ("#long", "#endless"))
        else [name]
    )


@pytest.fixture(scope="module")
def odd_summaries(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    return run(
        problem(),
        rtv(n=len(ODD), votes=1, agent=acting(*(says(*said(name)) for name in ODD))),
        tmp_path_factory.mktemp("logs"),
        summarizer=odd_summarizer,
    )


def summary_of(log: EvalLog, name: str) -> Summary:
    return pool(log).rollouts[ODD.index(name)].summary


@pytest.mark.parametrize(
    ("name", "status", "reasked", "shown", "reason"),
    [
        ("#plain", "structured", False, '"strategy": "#plain"', None),
        ("#garbled", "structured", True, '"strategy": "#garbled"', None),
        ("#cut", "structured", True, '"strategy": "#cut"', None),
        ("#hopeless", "text", True, "first prose #hopeless", "no JSON object found"),
        ("#schemaless", "structured", False, '"strategy": "#schemaless"', None),
        ("#refuses", "failed", False, "No summary could be written", "refused to answer"),
        ("#declines", "failed", False, "No summary could be written", "refused to answer"),
        ("#long", "structured", False, '"strategy": "#long"', None),
        ("#endless", "failed", False, "No summary could be written", "does not fit into"),
        ("#breaks", "failed", False, "No summary could be written", "the provider is down"),
    ],
)
def test_a_summary_says_how_it_came_about(
    odd_summaries: EvalLog, name: str, status: str, reasked: bool, shown: str, reason: str | None
) -> None:
    summary = summary_of(odd_summaries, name)
    assert (summary.status, summary.reasked) == (status, reasked)
    assert shown in summary.text
    assert (reason in (summary.reason or "")) if reason else summary.reason is None
    assert summary.model == "mockllm/summarizer"


def test_a_trajectory_that_does_not_fit_is_halved_until_it_does(odd_summaries: EvalLog) -> None:
    found = {name: summary_of(odd_summaries, name).shortened_to for name in ODD}
    assert found["#long"] == 12_500
    assert found["#endless"] == 1_562
    assert {found[name] for name in ODD if name not in ("#long", "#endless")} == {None}
    asked = [c for c in calls(odd_summaries, "summarizer") if "#long 3 x" in c.input[0].text]
    assert len(asked) <= 4


def test_the_second_request_tells_the_error_and_shows_the_first_answer(
    odd_summaries: EvalLog,
) -> None:
    again = [call for call in calls(odd_summaries, "summarizer") if len(call.input) == 3]
    answers = Counter(mark(call.input[1].text) for call in again)
    assert answers == {"#garbled": 1, "#hopeless": 1, "#cut": 1}
    assert all(
        "no JSON object found" in call.input[2].text
        for call in again
        if mark(call.input[1].text) != "#cut"
    )


def test_structured_output_is_asked_for_first(odd_summaries: EvalLog) -> None:
    asked = [c for c in calls(odd_summaries, "summarizer") if "#schemaless" in c.input[0].text]
    assert [call.config.response_schema is not None for call in asked] == [True, False]


def test_failed_summaries_do_not_stop_the_tournament(odd_summaries: EvalLog) -> None:
    assert odd_summaries.status == "success"
    assert pool(odd_summaries).adopted is not None
    prompts = [call.input[0].text for call in calls(odd_summaries, "judge")]
    lost = [t for p in prompts for t in solutions(p) if "No summary could be written" in t]
    assert lost
    assert all(prompt.count("\n- ended: completed") == 2 for prompt in prompts)


# --- votes


def answering(first: str, second: str) -> Policy:
    """A judge that answers so at first, and so when asked once more."""

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return reply(second if len(input) > 1 else first)

    return judge


def breaking(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    raise RuntimeError("the judge is down")


def refusing(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply("", stop="content_filter")


def judged(log_dir: Path, judge: Policy, votes: int = 3) -> EvalLog:
    return run(
        problem(),
        rtv(n=2, votes=votes, agent=acting(says("#a"), says("#b"))),
        log_dir,
        judge=judge,
    )


VERDICT = "Final verdict: Solution 2"


def test_an_unreadable_vote_is_asked_for_once_more(tmp_path: Path) -> None:
    log = judged(tmp_path, answering("Both are fine #hm", VERDICT))
    [match] = pool(log).selections[0].rounds[0].matches
    assert [vote.verdict for vote in match.votes] == [vote.order[1] for vote in match.votes]
    assert all(vote.reasked and vote.abstention is None for vote in match.votes)
    assert all(vote.text == f"Both are fine #hm\n\n{VERDICT}" for vote in match.votes)
    assert all(vote.usage.total_tokens == 30 for vote in match.votes)
    again = [call for call in calls(log, "judge") if len(call.input) == 3]
    assert len(again) == 3
    assert all(call.input[1].text == "Both are fine #hm" for call in again)


@pytest.mark.parametrize(
    ("judge", "reason", "reasked"),
    [
        (answering("hm", "hm"), "no readable verdict", True),
        (answering("Final verdict: Solution 3", "Final verdict: Solution 0"), "no readable", True),
        (answering("hm", ""), "empty answer", True),
        (breaking, "RuntimeError: the judge is down", False),
        (refusing, "the model refused to answer", True),
    ],
    ids=["garbage", "out-of-range", "empty", "broken", "refusing"],
)
def test_votes_that_cannot_be_read_are_abstentions_and_a_lot_decides(
    tmp_path: Path, judge: Policy, reason: str, reasked: bool
) -> None:
    log = judged(tmp_path, judge)
    found = pool(log)
    [match] = found.selections[0].rounds[0].matches
    assert all(vote.verdict is None and vote.reasked is reasked for vote in match.votes)
    assert all(reason in (vote.abstention or "") for vote in match.votes)
    assert match.decided_by == "random"
    assert set(match.tied) == set(match.group)
    assert match.tally == dict.fromkeys(match.group, 0)
    [lot] = [draw for draw in found.draws if draw.key.endswith(f"{match.id}/tie")]
    assert match.winner == lot.order[0] == found.adopted


def test_a_re_asked_judge_is_not_bound_by_the_message_limit_of_the_sample(tmp_path: Path) -> None:
    log = run(
        problem(),
        rtv(n=2, votes=1, agent=acting(says("#a"))),
        tmp_path,
        judge=answering("hm", VERDICT),
        summarizer=lambda input, config: (
            summarize(input, config) if len(input) > 1 else reply("prose")
        ),
        message_limit=3,
    )
    assert only(log).limit is None
    assert all(rollout.summary.reasked for rollout in pool(log).rollouts)
    assert pool(log).selections[0].rounds[0].matches[0].votes[0].verdict is not None


def test_the_log_holds_what_a_summarizer_read_of_a_message_only_once(tmp_path: Path) -> None:
    long = "#long " + " ".join(str(n) for n in range(300))
    log = run(problem(), rtv(n=2, votes=1, agent=acting(says(long))), tmp_path)
    [sample] = read_eval_log(log.location).samples or []
    assert [text for text in sample.attachments.values() if "298 299" in text] == [
        long,
        f"said {long}",
    ]

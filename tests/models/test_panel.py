"""Several judges: whom each vote asks, and which names are refused."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model
from scaled_runs import parts, run_acts
from scripted import acting, calls, echo, model, pool, prefer, problem, reply, run, says, summarize

from inspect_tts import Match, RolloutPool, adopt, rollouts, rtv, select, tournament
from inspect_tts.statistics.audit import discrepancies

PANEL = ["judge", "judge2"]
CROWD = (says("#good"), says("#bad"), says("#ugly"), says("#worse"))


def roles(**more: Any) -> dict[str, Any]:
    """Scripted models of roles; every judge prefers what is good unless said otherwise."""
    given = {"judge": prefer("#good"), "judge2": prefer("#good"), "summarizer": summarize} | more
    return {
        name: each if isinstance(each, Model) else model(each, name)
        for name, each in given.items()
        if each is not None
    }


def judged(folder: Path, *, given: dict[str, Any] | None = None, **options: Any) -> EvalLog:
    known: dict[str, Any] = {"judges": ["judge", "judge2"], "n": 4, "early_stop": False}
    strategy = rtv(agent=acting(*CROWD), **known | options)
    return run(problem(), strategy, folder, model_roles=given or roles())


def matches(pool: RolloutPool) -> list[Match]:
    return [match for s in pool.selections for round in s.rounds for match in round.matches]


def test_votes_are_dealt_evenly_and_each_names_its_judge(tmp_path: Path) -> None:
    log = judged(tmp_path)
    found = pool(log)
    for match in matches(found):
        dealt = Counter((vote.judge, vote.order) for vote in match.votes)
        assert len(dealt) == 4
        assert set(dealt.values()) == {2}
        assert all(vote.model == f"mockllm/{vote.judge}" for vote in match.votes)
    asked = Counter(call.model for role in ("judge", "judge2") for call in calls(log, role))
    assert asked == {"mockllm/judge": 12, "mockllm/judge2": 12}
    assert found.selections[0].judges == ("judge", "judge2")
    assert found.discrepancies() == ()
    begins = {match.votes[0].judge for match in matches(found)}
    drawn = {draw.order[0] for draw in found.draws if draw.key.endswith("/judges")}
    assert drawn == begins


@pytest.mark.parametrize(("votes", "used"), [(4, 0.0), (5, 1.0), (6, 1.0)])
def test_a_judge_is_sampled_where_its_own_votes_repeat_a_prompt(
    tmp_path: Path, votes: int, used: float
) -> None:
    exact = [model(prefer("#good"), name, GenerateConfig(temperature=0.0)) for name in PANEL]
    given = roles(**dict(zip(PANEL, exact, strict=True)))
    log = judged(tmp_path, given=given, n=2, votes=votes)
    asked = [call.config.temperature for role in PANEL for call in calls(log, role)]
    assert asked == [used] * votes


def test_another_dealing_does_not_go_unnoticed(tmp_path: Path) -> None:
    found = pool(judged(tmp_path))
    known = {name: getattr(found, name) for name in ("stages", "rollouts", "draws", "adopted")}

    def complaints(**change: Any) -> str:
        selection = found.selections[0].model_copy(deep=True)
        first = selection.rounds[0].matches[0]
        votes = (first.votes[0].model_copy(update=change), *first.votes[1:])
        object.__setattr__(first, "votes", votes)
        return "; ".join(discrepancies(found.problem, **known | {"selections": [selection]}))

    first = matches(found)[0].votes[0]
    other = "judge" if first.judge == "judge2" else "judge2"
    assert "judge of vote 0" in complaints(judge=other)
    assert "display order of vote 0" in complaints(order=first.order[::-1])
    assert complaints() == ""
    known["draws"] = [draw for draw in found.draws if not draw.key.endswith("/judges")]
    assert "/judges is not recorded" in complaints()


def test_one_judge_by_name_is_the_same_as_the_role(tmp_path: Path) -> None:
    alone = pool(judged(tmp_path / "1", judges="judge2", given=roles(judge=None)))
    plain = pool(judged(tmp_path / "2", judges=None, given=roles(judge2=None)))
    assert [v.order for m in matches(alone) for v in m.votes] == [
        v.order for m in matches(plain) for v in m.votes
    ]
    assert {v.model for m in matches(alone) for v in m.votes} == {"mockllm/judge2"}
    assert {v.judge for m in matches(alone) for v in m.votes} == {None}
    assert alone.discrepancies() == plain.discrepancies() == ()


def test_a_majority_of_better_judges_corrects_a_bad_one(tmp_path: Path) -> None:
    given = roles(judge=prefer("#worse", "#ugly", "#bad", "#good"), judge3=prefer("#good"))
    found = pool(judged(tmp_path, judges=["judge", "judge2", "judge3"], given=given, votes=9))
    assert found.by_id(found.adopted or "").summary.text.count("#good")
    telling = [m for m in matches(found) if found.adopted in m.group]
    wrong = [vote for m in telling for vote in m.votes if vote.verdict != m.winner]
    assert {vote.judge for vote in wrong} == {"judge"}


@pytest.mark.parametrize("votes", [1, 3])
def test_a_judge_that_grades_higher_than_others_favors_no_rollout(
    tmp_path: Path, votes: int
) -> None:
    def graded(best: int) -> Any:
        def grade(input: Any, config: GenerateConfig) -> Any:
            return reply(f"Final grade: {best if '#good' in input[0].text else best - 1}")

        return grade

    given = roles(judge=graded(20), judge2=graded(3))
    for seed in range(4):
        found = pool(judged(tmp_path, given=given, selection="pointwise", votes=votes, seed=seed))
        asked = [tuple(vote.judge for vote in match.votes) for match in matches(found)]
        assert len(asked) == 4
        assert len(set(asked)) == 1, "each rollout has the same judges"
        chosen = found.by_id(found.adopted or "")
        assert "#good" in chosen.summary.text
        keys = [draw.key for draw in found.draws if draw.key.endswith("/judges")]
        assert keys == ["p0/1/t0/judges"]
        assert found.discrepancies() == ()


@pytest.mark.parametrize("grading", ["pointwise", "tournament"])
def test_early_stop_and_grades_keep_to_the_dealing(tmp_path: Path, grading: str) -> None:
    def answers(input: Any, config: GenerateConfig) -> Any:
        graded = "Final grade" in input[0].text
        return reply("Final grade: 12") if graded else prefer("#good")(input, config)

    given = roles(judge=answers, judge2=answers)
    options: Any = {"selection": grading, "votes": 3, "early_stop": True}
    found = pool(judged(tmp_path, given=given, **options))
    cast = [vote for match in matches(found) for vote in match.votes]
    assert {vote.judge for vote in cast} == {"judge", "judge2"}
    assert all(vote.verdict or vote.grade for vote in cast)
    assert found.discrepancies() == ()


def test_the_model_under_evaluation_keeps_its_settings_where_it_is_named(tmp_path: Path) -> None:
    def plays(input: Any, config: GenerateConfig) -> Any:
        return (prefer("#good") if "<solution_1>" in input[0].text else echo)(input, config)

    own = model(plays, "own", GenerateConfig(temperature=0.3))
    strategy = rtv(agent=acting(*CROWD), n=2, votes=1, judges="mockllm/own", models=["mockllm/own"])
    log = run(problem(), strategy, tmp_path, agent=own, model_roles=roles(judge=None, judge2=None))
    [match] = matches(pool(log))
    assert match.votes[0].verdict == match.winner == pool(log).adopted
    asked = calls(log, None)
    assert len(asked) == 3, "two rollouts and a vote"
    assert {(call.model, call.config.temperature) for call in asked} == {("mockllm/own", 0.3)}


# --- names


@pytest.mark.parametrize(
    ("judges", "more", "told"),
    [
        (["judge", "judge3"], {}, "judges names 'judge3', which is neither a model"),
        (["judge", "judge3"], {}, "its roles are judge, judge2"),
        (["judge", "opnai/gpt"], {}, "Model API opnai of model 'opnai/gpt' not recognized"),
        (["judge"], {}, "--model-role judge2=... would not be used: the judges are judge"),
        (["judge2", "mockllm/x"], {}, "--model-role judge=... would not be used"),
        (["judge2", "mockllm/x"], {}, """judges='["judge2", "mockllm/x", "judge"]'"""),
        (["judge", "judge2"], {"judge2": "judge"}, "which are the same model, mockllm/judge"),
    ],
)
def test_a_wrong_name_costs_no_rollout(
    tmp_path: Path, judges: Any, more: dict[str, Any], told: str
) -> None:
    given = roles()
    given |= {name: given[other] for name, other in more.items()}
    for preflight in (True, False):
        log = judged(tmp_path, given=given, judges=judges, preflight=preflight)
        [sample] = log.samples or []
        assert sample.error is not None
        assert told in sample.error.message
        assert not calls(log, None)


def test_a_role_that_reads_like_a_typing_mistake_is_still_refused(tmp_path: Path) -> None:
    log = judged(tmp_path, given={**roles(judge2=None), "judges": model(prefer(), "x")})
    assert "did you mean 'judge'" in str((log.samples or [])[0].error)


@pytest.mark.parametrize("name", ["judge-2", "judge_2", "judge10"])
def test_a_role_named_almost_like_a_judge_is_refused(tmp_path: Path, name: str) -> None:
    log = judged(tmp_path, given={**roles(), name: model(prefer(), "x")})
    assert f"{name}=... would not be used" in str((log.samples or [])[0].error)


def test_a_role_of_the_tasks_own_scorer_may_begin_with_judge(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = judged(tmp_path, given={**roles(), "judge_model": model(prefer(), "x")})
    assert log.status == "success"
    told = [r.message for r in caplog.records if "judge_model=..." in r.message]
    assert len(told) == 1
    assert "judges no rollouts: the judges are judge, judge2" in told[0]


def test_a_chain_of_stages_takes_judges_as_well(tmp_path: Path) -> None:
    chain = [
        rollouts(n=3, agent=acting(*CROWD)),
        tournament(keep=2, votes=2, judges=["judge", "judge2"]),
        select(keep=1, votes=2, judges="mockllm/model"),
        adopt(),
    ]
    found = pool(run(problem(), chain, tmp_path, model_roles=roles()))
    assert {v.model for m in matches(found)[-1:] for v in m.votes} == {"mockllm/model"}
    assert found.discrepancies() == ()
    assert json.dumps(found.stages[1].parameters["judges"]) == '["judge", "judge2"]'


def test_a_scaled_run_deals_its_votes_as_well(tmp_path: Path) -> None:
    log = run_acts(tmp_path, *CROWD, arguments={"judges": PANEL, "votes": 4}, model_roles=roles())
    found = parts(log)["p"].store_as(RolloutPool)
    assert {vote.judge for match in matches(found) for vote in match.votes} == set(PANEL)
    assert found.discrepancies() == ()


def test_a_budget_cuts_votes_and_keeps_to_the_dealing(tmp_path: Path) -> None:
    strategy = rtv(agent=acting(*CROWD), judges=PANEL, n=4, early_stop=False)
    log = run(problem(), strategy, tmp_path, model_roles=roles(), token_limit=9000)
    found = pool(log)
    cast = [vote for match in matches(found) for vote in match.votes]
    assert found.stages[1].cut is not None
    assert {vote.judge for vote in cast} == set(PANEL)
    assert len(cast) < 24
    assert found.discrepancies() == ()

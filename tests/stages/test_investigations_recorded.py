"""Investigations in records: recomputed, replayed, refused, and who is asked."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from executed import RIGHT, WRONG, leaves, repository
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from investigating import BEST, investigate, matches, only_match, roles, says_always, tries_both
from scripted import acting, calls, pool, problem, run, says

from inspect_tts import RolloutPool, UserError, adopt, choose, rollouts, rtv, select, tournament
from inspect_tts.method.records import Match
from inspect_tts.recorded import replay, replay_recorded, select_recorded
from inspect_tts.statistics.audit import discrepancies


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """A match of 2:1 that an investigation decided for the one behind."""
    for seed in range(6):
        made = investigate(tmp_path_factory.mktemp("log"), votes=3, seed=seed)
        match, looked = only_match(pool(made))
        if match.tally[looked.verdict or ""] == 1:
            return made
    raise AssertionError("no seed shows the wrong result first")


def complaints(found: RolloutPool, **change: Any) -> str:
    names = ("stages", "rollouts", "draws", "adopted")
    known: dict[str, Any] = {name: getattr(found, name) for name in names}
    selection = found.selections[0].model_copy(deep=True)
    match: Match = selection.rounds[0].matches[0]
    looked = change.pop("investigation", match.investigation)
    if looked is not None:
        looked = looked.model_copy(update=change)
    object.__setattr__(match, "investigation", looked)
    return "; ".join(discrepancies(found.problem, **known | {"selections": [selection]}))


def test_the_record_is_recomputed(log: EvalLog) -> None:
    found = pool(log)
    _, looked = only_match(found)
    other = next(id for id in looked.order if id != looked.verdict)
    assert complaints(found) == ""
    assert "no investigation is recorded" in complaints(found, investigation=None)
    assert "the votes give" in complaints(found, verdict=other)
    assert "a verdict for t0-n07" in complaints(found, verdict="t0-n07")
    assert "display order of its inv" in complaints(found, order=looked.order[::-1])
    assert "ended with 'limit'" in complaints(found, ended="limit")
    assert "wrong fence of its inv" in complaints(found, fence="abcdefghijkl")
    plain = found.selections[0].model_copy(update={"close": "votes"})
    found.selections = [plain]
    assert any("an investigation is recorded" in each for each in found.discrepancies())


def again(log: EvalLog, folder: Path, **changes: Any) -> EvalLog:
    [made] = inspect_eval(
        replay(log=log.location),
        solver=replay_recorded(**changes),
        model="none/none",
        model_roles=roles(tries_both, BEST),
        log_dir=str(folder),
        display="none",
    )
    return made


def test_a_replay_goes_by_the_recorded_verdict_and_runs_nothing(
    log: EvalLog, tmp_path: Path
) -> None:
    first, same = pool(log), pool(again(log, tmp_path))
    match, looked = only_match(first)
    repeated, reused = only_match(same)
    assert reused == looked.model_copy(update={"reused": True})
    assert (repeated.winner, same.adopted) == (match.winner, first.adopted)
    assert same.discrepancies() == ()
    by_votes = pool(again(log, tmp_path, close="votes"))
    assert by_votes.adopted != first.adopted
    assert by_votes.discrepancies() == ()


def test_a_replay_says_what_it_cannot_investigate(log: EvalLog, tmp_path: Path) -> None:
    for change in ({"close": "investigate"}, {"investigation_turns": 3}):
        with pytest.raises(UserError, match="a replay uses the recorded investigations"):
            replay_recorded(**change)
    wrong = again(log, tmp_path, group_size=3)
    assert "group_size=2" in str((wrong.samples or [])[0].error)


def test_the_judge_investigates_where_no_other_is_named(tmp_path: Path) -> None:
    made = investigate(tmp_path, None, judge=says_always("Final verdict: Solution 1"))
    _, looked = only_match(pool(made))
    assert (looked.model, looked.ended) == ("mockllm/judge", "verdict")
    [call] = calls(made, "investigator")
    assert [tool.name for tool in call.tools] == ["bash"]


def test_an_investigator_whom_nobody_asks_is_refused(tmp_path: Path) -> None:
    strategy = rtv(n=2, agent=acting(says("#good")))
    made = run(problem(), strategy, tmp_path, model_roles=roles(tries_both))
    assert "--model-role investigator=... would not be used" in str((made.samples or [])[0].error)
    assert calls(made, None) == []


def test_it_stands_in_a_chain(tmp_path: Path) -> None:
    agent = acting(leaves("#good", RIGHT), leaves("#b", WRONG))
    stages = [rollouts(n=2, agent=agent, spare_sandbox=True)]
    stages += [tournament(votes=2, close="investigate", investigation_turns=5), adopt()]
    made = run(repository(), stages, tmp_path, model_roles=roles(tries_both, says_tie))
    found = pool(made)
    assert only_match(found)[0].decided_by == "investigation"
    stage = found.stages[1]
    assert stage.judging.close == "investigate"
    assert stage.parameters["investigation_turns"] == 5
    assert [prompt.name for prompt in stage.prompts] == ["judge", "judge_reask", "investigator"]
    assert len(matches(found)) == 1


says_tie = says_always("Final verdict: Solution 1")

REFUSED: dict[str, Any] = {
    "no such word": ({"close": "look"}, "close='look' is not known; choose one of 'votes', 'inv"),
    "no turn": ({"close": "investigate", "investigation_turns": 0}, "investigation_turns=0"),
    "no dollar": ({"close": "investigate", "investigation_cost": 0}, "investigation_cost=0"),
    "groups": ({"close": "investigate", "group_size": 3}, "give group_size=2"),
    "all votes count": ({"close": "investigate", "selection": "swiss"}, "selection='tournament'"),
    "no votes": ({"close": "investigate", "selection": "first"}, "selection='tournament'"),
    "turns for nothing": ({"investigation_turns": 3}, "applies to close='investigate' only"),
    "a prompt without its places": (
        {"close": "investigate", "investigator_prompt": "Look at {problem}"},
        "lacks {solutions}, {folder}",
    ),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_bad_arguments_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as raised:
        rtv(**given)
    assert message in str(raised.value)
    if "group_size" in given or "selection" in given:
        for stage in (select, select_recorded):
            with pytest.raises(UserError):
                stage(**given)


def test_choose_refuses_to_execute_candidates() -> None:
    async def chosen() -> None:
        await choose("p", ["a", "b"], model="mockllm/model", close="investigate")

    with pytest.raises(UserError, match="close='investigate'"):
        anyio.run(chosen)

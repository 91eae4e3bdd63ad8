"""`votes=auto` in evals: what is asked, recorded, recomputed, resumed, replayed and refused."""

from pathlib import Path
from typing import Any

import pytest
from crowd import crowd
from inspect_ai import eval as inspect_eval
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from scripted import calls, model, pool, prefer, problem, reply, run

from inspect_tts import RolloutPool, UserError, pdr_rtv, rtv, tournament
from inspect_tts.method.voting.early_stopping import AutoVotes
from inspect_tts.recorded import replay, replay_recorded, select_recorded

BEST = prefer(*(f"#r{i}" for i in range(8)))
AUTO: dict[str, Any] = {"n": 8, "votes": "auto"}
STRICT: dict[str, Any] = {**AUTO, "max_votes": 6, "min_votes": 3, "vote_error": 0.02}


def first_shown(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply("Final verdict: Solution 1")


def counts(found: RolloutPool) -> list[list[int]]:
    """Votes by round and match."""
    [selection] = found.selections
    return [[len(match.votes) for match in round.matches] for round in selection.rounds]


def test_the_votes_go_to_the_later_rounds_and_the_log_recomputes_them(tmp_path: Path) -> None:
    found = pool(run(problem(), rtv(**AUTO, agent=crowd()), tmp_path, judge=BEST))
    assert counts(found) == [[2] * 4, [3] * 2, [4]]
    [selection] = found.selections
    assert (selection.votes, selection.auto) == (16, AutoVotes(least=2, most=16, error=0.05))
    assert found.discrepancies() == ()
    [match] = selection.rounds[-1].matches
    assert match.skipped_votes == 12
    cast, skipped = match.votes, match.skipped_votes
    extra = cast[0].model_copy(update={"index": 4})
    for votes in (cast[:-1], (*cast, extra)):
        tally = {**match.tally, match.winner: len(votes)}
        skip = skipped + len(cast) - len(votes)
        forged = match.model_copy(
            update={"votes": votes, "tally": tally, "skipped_votes": skip, "order_flip_rate": 0.0}
        )
        rounds = [*selection.rounds]
        rounds[-1] = rounds[-1].model_copy(update={"matches": (forged,)})
        found.selections = [selection.model_copy(update={"rounds": tuple(rounds)})]
        assert any(f"match {match.id}: {len(votes)} votes" in e for e in found.discrepancies())


def test_matches_whose_votes_disagree_are_asked_until_the_end(tmp_path: Path) -> None:
    strategy = rtv(**{**AUTO, "n": 4}, max_votes=6, agent=crowd())
    found = pool(run(problem(), strategy, tmp_path, judge=first_shown))
    assert counts(found) == [[6, 6], [6]]
    assert {m.decided_by for r in found.selections[0].rounds for m in r.matches} == {"random"}
    assert found.discrepancies() == ()


def test_a_retry_asks_only_for_what_is_missing_and_decides_the_same(tmp_path: Path) -> None:
    given: dict[str, Any] = {**STRICT, "resume": str(tmp_path / "saved")}
    whole = pool(run(problem(), rtv(**given, agent=crowd()), tmp_path, judge=BEST))
    votes = sorted((tmp_path / "saved").rglob("*vote*"))
    again = run(problem(), rtv(**given, agent=crowd()), tmp_path, judge=BEST)
    assert calls(again, "judge") == []
    assert votes
    assert pool(again).selections == whole.selections
    more = {**given, "vote_error": 0.005}
    third = run(problem(), rtv(**more, agent=crowd()), tmp_path, judge=BEST)
    asked = sum(map(sum, counts(pool(third)))) - sum(map(sum, counts(whole)))
    assert len(calls(third, "judge")) == asked > 0


def test_a_replay_uses_recorded_votes_both_ways(tmp_path: Path) -> None:
    def again(location: str, **changes: Any) -> RolloutPool:
        [log] = inspect_eval(
            replay(log=location),
            solver=replay_recorded(**changes),
            model=model(BEST, "judge"),
            log_dir=str(tmp_path / "again"),
            display="none",
        )
        return pool(log)

    fixed = run(problem(), rtv(n=8, votes=8, agent=crowd()), tmp_path / "8", judge=BEST)
    auto = run(problem(), rtv(**AUTO, agent=crowd()), tmp_path / "auto", judge=BEST)
    fewer, same, more = (
        again(fixed.location, votes="auto"),
        again(auto.location),
        again(auto.location, votes=8),
    )
    assert same.selections[0].auto == pool(auto).selections[0].auto
    assert counts(same) == counts(fewer) == counts(pool(auto))
    assert counts(more) == counts(pool(fixed))
    reused = {
        name: [v.reused for r in each.selections[0].rounds for m in r.matches for v in m.votes]
        for name, each in {"fewer": fewer, "same": same, "more": more}.items()
    }
    assert (all(reused["fewer"]), all(reused["same"])) == (True, True)
    assert sum(reused["more"]) == sum(map(sum, counts(pool(auto))))
    assert {each.discrepancies() for each in (fewer, same, more)} == {()}
    assert {each.adopted for each in (fewer, same, more)} == {pool(auto).adopted}


def test_a_budget_holds(tmp_path: Path) -> None:
    def long(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return reply(BEST(input, config).completion, tokens=2000)

    strategy = rtv(**{**AUTO, "n": 4}, min_votes=8, vote_error=0.001, agent=crowd())
    found = pool(run(problem(), strategy, tmp_path, judge=long, token_limit=40_000))
    matches = [match for round in found.selections[0].rounds for match in round.matches]
    assert all(len(m.votes) + m.skipped_votes + m.cut == 16 for m in matches)
    assert sum(match.cut for match in matches) > 0
    assert found.discrepancies() == ()


@pytest.mark.parametrize(
    ("strategy", "given", "said"),
    [
        (rtv, {"votes": "some"}, "votes='some' is not a whole number; give votes >= 1 or 'auto'"),
        (rtv, {"votes": 0}, "votes=0 is too small; give votes >= 1 or 'auto'"),
        (rtv, {"votes": "auto", "min_votes": 0}, "min_votes=0 is too small; give min_votes >= 1"),
        (rtv, {"votes": "auto", "vote_error": 0.5}, "give vote_error > 0 and < 0.5"),
        (rtv, {"votes": "auto", "vote_error": 0}, "give vote_error > 0 and < 0.5"),
        (pdr_rtv, {"votes": "auto", "max_votes": 1}, "min_votes=2 is too large; give min_votes <="),
        (tournament, {"votes": "auto", "early_stop": False}, "give early_stop=true, or a number"),
        (rtv, {"votes": "auto", "selection": "swiss"}, "give selection='tournament', or a number"),
        (rtv, {"max_votes": 9}, "max_votes applies to votes='auto' only; give votes=auto"),
        (select_recorded, {"max_votes": 9}, "max_votes applies to votes='auto' only"),
        (tournament, {"max_votes": 9}, "max_votes applies to votes='auto' only"),
    ],
)
def test_wrong_values_are_refused(strategy: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        strategy(**given)
    assert said in str(refused.value)

"""The judges of a replay are those that voted before: the same models, at the same servers."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log
from openai_api import serving
from scripted import acting, model, problem, run, says, summarize

from inspect_tts import RolloutPool, rtv
from inspect_tts.cli import main


@pytest.mark.parametrize("name", ["judge", "judge2"])
def test_missing_votes_are_asked_at_the_recorded_server(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    with serving() as server:
        given = {"summarizer": model(summarize, "summarizer"), name: server.model("j")}
        strategy = rtv(
            n=2, votes=2, early_stop=False, judges=name, agent=acting(says("#good"), says("#bad"))
        )
        log = run(problem(), strategy, tmp_path / "first", model_roles=given)
        assert server.roles() == ["judge"] * 2
        words = [log.location, "--votes", "4", "--no-preflight", "--display", "none"]
        line = ["replay", *words, "--log-dir", str(tmp_path / "again")]
        done = CliRunner().invoke(main, line, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert server.roles() == ["judge"] * 4
    [again] = (tmp_path / "again").glob("*.eval")
    [sample] = read_eval_log(str(again)).samples or []
    [match] = sample.store_as(RolloutPool).selections[0].rounds[0].matches
    assert [vote.reused for vote in match.votes] == [True, True, False, False]

"""What a choice tells of its record, and where the candidates of `choose` are written."""

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log
from inspect_ai.util import Store
from plain_rollouts import plain_rollout
from test_certainty import match, selection

from inspect_tts import RolloutPool, choose_sync
from inspect_tts.choosing.choice import choice_of
from inspect_tts.method.records import Rollout, Summary, Usage, Vote

CANDIDATES = ["I am b.", "I am c.", "I am a."]


def used(tokens: int, cost: float | None) -> Usage:
    return Usage(total_tokens=tokens, output_tokens=tokens, cost=cost)


def candidate(id: str, cost: float | None = 0.5) -> Rollout:
    summary = Summary(status="structured", text="{}", usage=used(10, cost))
    return plain_rollout(id, usage=used(1000, 99.0), summary=summary)  # it was paid elsewhere


def pool(*rollouts: Rollout, vote: Usage) -> RolloutPool:
    """`a` is preferred to `m1r1` with three votes against one, then to `m2r1` with one."""
    first, last = match(1, 3, 1), match(2, 1, 0)
    votes = tuple(
        Vote(index=i, order=first.group, verdict="a", model="m", usage=vote) for i in range(2)
    )
    made = selection(first.model_copy(update={"votes": votes}), last)
    ranked = made.model_copy(update={"ranking": ("a", "m2r1", "m1r1")})
    earlier = made.model_copy(update={"ranking": ("m1r1", "m2r1", "a"), "rounds": ()})
    return RolloutPool(
        store=Store(), rollouts=list(rollouts), selections=[earlier, ranked], adopted="a"
    )


def test_a_choice_tells_the_last_selection_in_the_order_of_the_candidates() -> None:
    record = pool(*map(candidate, ("m1r1", "m2r1", "a")), vote=used(1, 0.25))
    choice = choice_of(record, CANDIDATES, "file.eval")
    assert (choice.result, choice.index, choice.log) == ("I am a.", 2, "file.eval")
    assert choice.ranking == (2, 1, 0)
    assert choice.votes == (1, 0, 4)
    assert choice.probability == pytest.approx(26 / 32 * 3 / 4)
    assert choice.pool is record
    assert choice.usage == used(3 * 10 + 2, 2.0), "without what made the candidates"
    assert choice.cost == 2.0


@pytest.mark.parametrize(("summary", "vote"), [(None, 0.25), (0.5, None)])
def test_the_cost_is_unknown_if_the_price_of_a_model_is(
    summary: float | None, vote: float | None
) -> None:
    rollouts = (candidate("m1r1", summary), candidate("m2r1", summary), candidate("a", summary))
    choice = choice_of(pool(*rollouts, vote=used(1, vote)), CANDIDATES, "")
    assert choice.cost is None
    assert choice.usage.total_tokens == 32


# --- files


def first(problem: str = "Who?", **options: Any) -> str:
    given = {"model": "mockllm/model", "selection": "first", **options}
    return choose_sync(problem, CANDIDATES, **given).log


def written(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".eval")


@pytest.mark.parametrize("form", ["argument", "URL", "environment", "default"])
def test_candidates_are_written_once_beside_the_log(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INSPECT_LOG_DIR", raising=False)
    logs = tmp_path / "logs"
    if form == "environment":
        monkeypatch.setenv("INSPECT_LOG_DIR", str(logs := tmp_path / "set"))
    given = {"argument": {"log_dir": "logs"}, "URL": {"log_dir": f"file://{logs}"}}.get(form, {})
    found = [first(**given) for _ in range(2)]
    assert len(set(found)) == 2
    assert {Path(log.removeprefix("file://")).resolve().parent for log in found} == {logs.resolve()}
    [name] = written(logs)
    rows = [json.loads(line) for line in (logs / name).read_text("utf-8").splitlines()]
    assert [row["candidate"] for row in rows] == CANDIDATES
    assert {row["input"] for row in rows} == {"Who?"}
    assert len({row["problem"] for row in rows}) == 1


def test_arguments_of_the_eval_are_passed_on(tmp_path: Path) -> None:
    log = read_eval_log(first(log_dir=str(tmp_path), eval_args={"tags": ["x"], "max_tokens": 7}))
    assert "x" in (log.eval.tags or [])
    assert log.eval.model_generate_config.max_tokens == 7


def test_another_problem_has_another_name_and_file(tmp_path: Path) -> None:
    for problem in ("Who?", "What?", "Who?"):
        first(problem, log_dir=str(tmp_path))
    names = [
        json.loads((tmp_path / file).read_text("utf-8").splitlines()[0])["problem"]
        for file in written(tmp_path)
    ]
    assert len(names) == len(set(names)) == 2


def test_where_the_log_is_elsewhere_candidates_are_written_to_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert first(log_dir="memory://logs").startswith("memory://")
    assert len(written(tmp_path / "inspect_tts" / "candidates")) == 1

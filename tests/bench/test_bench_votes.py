"""The benches of `votes=auto` and `n=auto`: exact numbers agree with drawn ones."""

import json
import sys
from pathlib import Path
from random import Random
from statistics import mean

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import votes
import waves
from pools import Attempt, Problem, match_accuracy
from selection import Judge, Setting, play

from inspect_tts.method.parameters import Waves


def test_eight_votes_win_as_often_as_the_binomial_says() -> None:
    own = votes.accuracies(0.7)
    won = mean(votes.match("votes=8", 1, accuracy)[0] for accuracy in own)
    assert won == pytest.approx(match_accuracy(0.7, 8, votes.CONCENTRATION), abs=0.005)
    assert votes.match("votes=8", 1, 1.0) == (1.0, 5.0)
    assert votes.match("votes=auto", 1, 1.0) == (1.0, 4.0)


@pytest.mark.parametrize("name", ["votes=8", "votes=auto"])
def test_exact_tournaments_are_the_mean_of_drawn_ones(name: str) -> None:
    auto, passing = votes.VARIANTS[name][1], 5
    calls, worth = votes.played(name, 4, 0.7, shared=False)
    found = []
    for repeat in range(150):
        order = Random(f"order/{repeat}").sample([True] * passing + [False] * 11, 16)
        problem = Problem("p", tuple(map(Attempt, order)))
        setting = Setting(keep=4, auto=auto)
        ranking, asked, _ = play("tournament", problem, Judge(0.7), setting, f"{name}/{repeat}")
        found.append((asked, mean(problem.passed[int(id[-2:])] for id in ranking[:4])))
    drawn = np.mean(found, axis=0)
    error = np.std(found, axis=0) / 150**0.5
    assert abs(drawn[0] - calls[passing]) < 4 * error[0]
    assert abs(drawn[1] - worth[passing]) < 4 * error[1]


def test_waves_save_where_patches_are_equal() -> None:
    alike = Problem("alike", tuple(Attempt(True, fingerprint="same") for _ in range(8)))
    apart = Problem("apart", tuple(Attempt(True, fingerprint=str(i)) for i in range(8)))
    found = waves.row([alike, apart], Waves(least=2, most=8, wave=1), repeats=2)
    assert (found["rollouts"], found["agreed"], found["right"]) == (5.0, 50.0, 100.0)
    assert found["saved"][0] == pytest.approx(37.5)
    assert found["tournament"][0] == found["agreement"][0] == 0


def test_waves_also_stop_on_equal_behavior_unlike_the_untouched_tree(tmp_path: Path) -> None:
    shown = {
        "agree": {"c1": "aaaaaaaau"},
        "like untouched": {"c1": "uuuuuuuuu"},
        "half": {"c1": "aaaabbbbu"},
    }
    records = []
    for name, checks in shown.items():
        trees = [*(f"t0-n{i:02d}" for i in range(8)), "untouched"]
        runs = {c: {t: [0, x, None] for t, x in zip(trees, checks[c], strict=True)} for c in checks}
        record: dict[str, object] = {"instance_id": name, "shown": runs}
        record |= {"results": {id: id for id in trees[:8]}, "fingerprints": {t: t for t in trees}}
        records.append(record | {"outcomes": dict.fromkeys(trees[:8], True)})
    file = tmp_path / "results.jsonl"
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    problems = waves.load_executed(file)
    rows = [waves.row([p], Waves(least=4, most=8, wave=4), repeats=8) for p in problems]
    assert [row["agreed"] for row in rows[:2]] == [100, 0]
    assert [row["rollouts"] for row in rows[:2]] == [4, 8]
    assert rows[2]["agreed"] < 50
    assert rows[0]["right"] == 100

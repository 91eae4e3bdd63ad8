"""Which problems a shard has, and the commands that run it."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.dataset import MemoryDataset, Sample

from inspect_tts import UserError
from inspect_tts._inspect.command import chosen
from inspect_tts.shards.plan import ShardPlan, deal, sample_id_option, without_options
from inspect_tts.shards.printed import commands, kubernetes, slurm
from inspect_tts.shards.reading import missing_note, missing_notes
from inspect_tts.shards.sets import ShardSet

IDS = [f"p{number}" for number in range(10)]


def plan(shards: int = 3, **given: object) -> ShardPlan:
    fields = {
        "set": "/logs/2026-01-01T00-00-00_made_x.shards",
        "task": "task.py@made",
        "arguments": ("task.py@made", "--solver", "rtv"),
        "folder": "/work",
        "seed": 0,
        "at_once": 2,
        "shards": deal(IDS, {}, shards, 0),
        "versions": {},
    }
    return ShardPlan.model_validate({**fields, **given})


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.integers(1, 30), st.integers(0, 9))
def test_every_problem_is_dealt_once_and_loads_differ_by_one_problem_at_most(
    costs: list[float], shards: int, seed: int
) -> None:
    ids = [f"p{number}" for number in range(len(costs))]
    known = dict(zip(ids, costs, strict=True))
    if shards > len(ids):
        with pytest.raises(UserError, match=f"give 1 to {len(ids)}"):
            deal(ids, known, shards, seed)
        return
    dealt = deal(ids, known, shards, seed)
    assert sorted(id for shard in dealt for id in shard.ids) == sorted(ids)
    assert all(shard.ids for shard in dealt)
    loads = [shard.cost for shard in dealt]
    paid = [cost for cost in costs if cost > 0]
    assert max(loads) - min(loads) <= max(paid, default=1) + 1e-6
    assert deal(ids, known, shards, seed) == dealt


def test_problems_are_dealt_evenly_by_seed_in_the_order_of_the_dataset() -> None:
    dealt = deal(IDS, {}, 3, 0)
    assert sorted(len(shard.ids) for shard in dealt) == [3, 3, 4]
    assert all(list(shard.ids) == sorted(shard.ids) for shard in dealt)
    assert deal(IDS, {}, 3, 1) != dealt


def test_what_a_pilot_tells_decides_and_the_rest_counts_as_the_mean() -> None:
    dealt = deal(IDS, {"p0": 310.0, "p1": 10.0, "p2": 10.0}, 2, 0)
    assert {len(dealt[0].ids), len(dealt[1].ids)} == {5}
    assert abs(dealt[0].cost - dealt[1].cost) <= 110
    [alone] = [s for s in deal(IDS, {"p0": 310.0, "p1": 10.0}, 3, 0) if "p0" in s.ids]
    assert len(alone.ids) == 3
    assert sum(shard.cost for shard in dealt) == pytest.approx(330 + 7 * 110)


@pytest.mark.parametrize("ids", [["a*", "ab", "a?"], ["x[1]", "x1"], [1, 2, 11]])
def test_the_option_selects_a_shards_problems_and_no_others(ids: list[str | int]) -> None:
    dataset = MemoryDataset([Sample(input="x", id=id) for id in ids])
    for id in ids:
        assert chosen(dataset, None, sample_id_option([id])) == [id]


@pytest.mark.parametrize("id", ["a,b", " a", ""])
def test_an_id_that_no_option_can_name_is_refused(id: str) -> None:
    with pytest.raises(UserError, match="give the problem another id"):
        sample_id_option(["x", id])


def test_a_shard_runs_what_one_process_would_with_its_part_of_the_connections() -> None:
    made = plan(max_connections=7)
    command = made.command(made.shards[1])
    assert command[:4] == ("eval", "task.py@made", "--solver", "rtv")
    assert command[command.index("--log-dir") + 1] == f"{made.set}/1"
    assert command[command.index("--max-connections") + 1] == "3"
    assert "--max-connections" not in plan().command(made.shards[0])


def test_options_of_the_whole_run_are_left_out() -> None:
    given = ("a.py", "--limit", "5", "-S", "n=2", "--log-dir=x", "--limit-x", "--sample-id=a,b")
    kept = without_options(given, ("--limit", "--log-dir", "--sample-id"))
    assert kept == ("a.py", "-S", "n=2", "--limit-x")


def test_printed_commands_are_those_that_executors_start(tmp_path: Path) -> None:
    made = plan(set="/logs/with space/x.shards")
    lines = commands(made).splitlines()
    assert lines[2] == "inspect-tts shard --run '/logs/with space/x.shards'/2"
    script = tmp_path / "job.sh"
    script.write_text(slurm(made).replace("exec inspect-tts", "echo"))
    said = subprocess.run(
        ["bash", script],
        env={"SLURM_ARRAY_TASK_ID": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "shard --run /logs/with space/x.shards/2\n"
    assert "#SBATCH --array=0-2%2\n" in slurm(made)
    job = json.loads(kubernetes(made))["spec"]
    assert (job["completions"], job["parallelism"], job["completionMode"]) == (3, 2, "Indexed")


@pytest.mark.parametrize(
    ("task", "begins"),
    [("a/Démo_1.py@b", "d-mo-1-py-b-"), ("é.py", "py-"), ("日本", "shards-"), ("x" * 90, "x" * 40)],
)
def test_a_job_has_a_name_that_kubernetes_takes(task: str, begins: str) -> None:
    name = json.loads(kubernetes(plan(task=task)))["metadata"]["generateName"]
    assert name.startswith(begins)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*)-", name)


def test_what_is_missing_is_named_by_shard() -> None:
    made = plan()
    assert missing_note(made, set(IDS)) == ""
    note = missing_note(made, set(IDS) - set(map(str, made.shards[2].ids)))
    assert note.startswith("7 of 10 problems are finished; missing: 3 of shard 2 (")
    assert ", ...)" in missing_note(plan(1), set())


def test_a_problem_is_missing_until_all_its_epochs_are_there(tmp_path: Path) -> None:
    made = plan(set=f"{tmp_path}/x.shards")
    (tmp_path / "x.plan").mkdir()
    (tmp_path / "x.plan" / "plan.json").write_text(made.model_dump_json())
    samples = [(id, epoch) for id in IDS for epoch in (1, 2)]
    log = f"{made.set}/0/x.eval"
    assert missing_notes([(log, 2, samples)]) == []
    [note] = missing_notes([(log, 2, samples[:-1])])
    assert note.startswith("x.shards: 9 of 10 problems are finished; missing: 1 of shard ")


@pytest.mark.parametrize("field", ["at_once", "max_connections", "shards"])
def test_a_plan_that_somebody_edited_is_refused_by_name_of_the_field(
    tmp_path: Path, field: str
) -> None:
    (tmp_path / "x.plan").mkdir()
    edited = {**plan().model_dump(mode="json"), field: [] if field == "shards" else 0}
    (tmp_path / "x.plan" / "plan.json").write_text(json.dumps(edited))
    with pytest.raises(UserError, match=rf"plan\.json cannot be read: .*\n{field}\n"):
        ShardSet(f"{tmp_path}/x.shards").plan()

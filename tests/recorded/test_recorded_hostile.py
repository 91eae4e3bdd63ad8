"""Files that are broken or meant to break: named with their field, while the rest goes on."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import match
from recorded_files import TEXT_BASED, atif, mini, prediction, row, write
from scripted import echo, model

from inspect_tts.cli import main
from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import READERS, load
from inspect_tts.recorded.records import Recorded, reader

QUIET: dict[str, Any] = {"display": "none", "ctl_server": False}


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def stats(**given: Any) -> Any:
    return mini(TEXT_BASED, model_stats=given)


def used(**given: Any) -> Any:
    return mini([*TEXT_BASED, {"role": "assistant", "content": "x", "usage": given}])


def asked(arguments: Any) -> Any:
    call = {"tool_call_id": "c", "function_name": "f", "arguments": arguments}
    return atif(steps=[{"source": "agent", "message": "x", "tool_calls": [call]}])


MALFORMED: dict[str, tuple[str, Any, str]] = {
    "a huge count": ("x.traj.json", stats(api_calls=10**400), "info.model_stats.api_calls"),
    "a count below 0": ("x.traj.json", stats(api_calls=-1), "info.model_stats.api_calls"),
    "a cost without end": (
        "x.traj.json",
        stats(instance_cost=float("inf")),
        "info.model_stats.instance_cost",
    ),
    "huge usage": ("x.traj.json", used(prompt_tokens=10**400), "messages.6.usage: "),
    "a number of 5,000 digits": (
        "x.traj.json",
        json.dumps(stats(api_calls=7)).replace("7}", "7" * 5000 + "}"),
        "5000 digits",
    ),
    "half a surrogate pair in an id": (
        "x.traj.json",
        mini(TEXT_BASED) | {"instance_id": "a\ud83d"},
        "instance_id",
    ),
    "a blank id": ("preds.json", [prediction(" ")], "instance_id"),
    "a long id": ("preds.json", [prediction("x" * 5000)], "instance_id"),
    "a control character in an id": ("preds.json", [prediction("a\x00b")], "instance_id"),
    "an id that is none": ("preds.json", [{"instance_id": 7, "model_patch": ""}], "instance_id"),
    "no patch": ("preds.json", [{"instance_id": "a"}], "model_patch"),
    "a patch that is none": (
        "preds.json",
        [{"instance_id": "a", "model_patch": []}],
        "model_patch",
    ),
    "brackets": ("x.traj.json", "[" * 200_000, "RecursionError"),
    "no UTF-8": ("x.traj.json", b'{"info": "\xe9"}', "UnicodeDecodeError"),
    "nothing": ("x.traj.json", "", "the file is cut off"),
    "a message that is none": ("x.traj.json", mini([7]), "messages.0"),
    "a role that is none": ("x.traj.json", mini([{"role": 7}]), "messages.0"),
    "a submission that is missing": (
        "x.traj.json",
        {"info": {"exit_status": "Submitted"}, "messages": TEXT_BASED},
        "info.submission is missing",
    ),
    "a device as continuation": (
        "trajectory.json",
        atif(continued_trajectory_ref="/dev/zero"),
        "continued_trajectory_ref",
    ),
    "a continuation elsewhere": (
        "trajectory.json",
        atif(continued_trajectory_ref="../secret.json"),
        "continued_trajectory_ref",
    ),
    "a broken continuation": (
        "trajectory.json",
        atif(continued_trajectory_ref="pool.jsonl.gz"),
        "continued_trajectory_ref",
    ),
    "tokens below 0": (
        "trajectory.json",
        atif(final_metrics={"total_prompt_tokens": -5}),
        "final_metrics.total_prompt_tokens",
    ),
}


def good(folder: Path) -> None:
    """Four sound attempts, one in a file of a line that is not."""
    config = {"model": {"model_name": "m/x"}}
    made = mini(TEXT_BASED, config=config) | {"instance_id": "good"}
    write(folder / "good" / "a.traj.json", made)
    write(folder / "good" / "preds.json", [prediction("good", "m/y")])
    write(folder / "good" / "good.atif.json", atif())
    rows = "\n".join([json.dumps(row("good", 1, "1")), "{"])
    (folder / "good" / "pool.jsonl.gz").write_bytes(gzip.compress(rows.encode()))


@pytest.mark.parametrize(("name", "content", "why"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_named_with_its_field_and_the_rest_goes_on(
    name: str, content: Any, why: str, tmp_path: Path
) -> None:
    good(tmp_path)
    write(tmp_path / "secret.json", atif())
    path = write(tmp_path / "bad" / name, "" if isinstance(content, bytes) else content)
    if isinstance(content, bytes):
        path.write_bytes(content)
    write(tmp_path / "bad" / "pool.jsonl.gz", "no gzip")
    collection = collect([str(tmp_path)])
    assert [(p.name, len(p.attempts)) for p in collection.problems] == [("good", 4)]
    reasons = {source.path: reason for source, reason in collection.malformed}
    assert why in reasons[str(path)]
    assert len(reasons) == 3
    assert collection.warning().encode(), "it can be printed"


@pytest.mark.parametrize("name", ["x.traj.json", "trajectory.json", "preds.json", "a.eval"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: Path(path).symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_never_opened(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    good(tmp_path)
    make(tmp_path / name)
    collection = collect([str(tmp_path)])
    assert (str(tmp_path / name), "not a regular file") in collection.left_out
    assert collection.attempts == 4


def test_a_continuation_that_is_a_link_to_a_device_is_never_opened(tmp_path: Path) -> None:
    good(tmp_path)
    (tmp_path / "more.json").symlink_to("/dev/zero")
    write(tmp_path / "trajectory.json", atif(continued_trajectory_ref="more.json"))
    [reason] = [w for s, w in collect([str(tmp_path)]).malformed if "trajectory" in s.path]
    assert "continued_trajectory_ref" in reason


def test_a_continuation_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "p.atif.json", atif(continued_trajectory_ref="gone.json"))
    collection = collect([str(tmp_path)])
    assert collection.left_out == ((str(path), "its continuation gone.json is missing"),)
    assert len(load(collection.problems[0].sources[0]).messages) == 4


@pytest.mark.parametrize("name", ["x.traj.json.gz", "preds.json.gz", "pool.jsonl.gz"])
def test_three_megabytes_that_hold_three_gigabytes_are_not_unpacked(
    name: str, tmp_path: Path
) -> None:
    good(tmp_path)
    block = gzip.compress(b" " * 100_000_000)
    (tmp_path / name).write_bytes(block * 30)
    collection = collect([str(tmp_path)])
    [reason] = [why for source, why in collection.malformed if source.path == str(tmp_path / name)]
    assert "MiB" in reason
    assert collection.attempts == 4


def test_rows_before_a_broken_end_are_rollouts_that_can_be_loaded(tmp_path: Path) -> None:
    rows = "\n".join(json.dumps(row("p", 1, str(n))) for n in range(2000))
    whole = gzip.compress(rows.encode())
    (tmp_path / "pool.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    collection = collect([str(tmp_path)])
    assert "EOFError" in collection.malformed[0][1]
    assert load(collection.problems[0].sources[0]).scores == {"reward": 1.0}


@pytest.mark.parametrize("name", ["p.traj.json", "p.traj.json.gz", "preds.jsonl"])
def test_a_byte_order_mark_is_no_content(name: str, tmp_path: Path) -> None:
    content = prediction("p") if name == "preds.jsonl" else mini(TEXT_BASED)
    text = ("\ufeff" + json.dumps(content)).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert [p.name for p in collect([str(tmp_path)], strict=True).problems] == ["p"]


def test_a_broken_sample_of_a_log_counts_with_what_the_log_tells_of_it(tmp_path: Path) -> None:
    samples = [Sample(id=id, input="Go.", target="said Go.") for id in "abc"]
    task = Task(dataset=samples, scorer=match())
    [log] = inspect_eval(task, model=model(echo), log_dir=str(tmp_path), **QUIET)
    path = Path(log.location)
    content = path.read_bytes()
    at = content.index(b"samples/b_epoch_1.json") + 60
    path.write_bytes(content[:at] + b"\0" * 40 + content[at + 40 :])
    collection = collect([str(tmp_path)])
    found = {p.name: load(p.sources[0]) for p in collection.problems}
    assert {id: (r.status, r.scores) for id, r in found.items()} == {
        "a": ("completed", {"match": "C"}),
        "b": ("error", {"match": "C"}),
        "c": ("completed", {"match": "C"}),
    }
    assert [source.part for source, _ in collection.malformed] == ["b/1"]


def select(folder: Path, *words: str) -> Any:
    given = ["--model", "mockllm/model", "--display", "none", "--log-dir", str(folder / "logs")]
    return CliRunner().invoke(main, ["select", str(folder), "--yes", *given, *words])


def test_an_eval_of_hostile_files_goes_through_and_its_log_can_be_read(tmp_path: Path) -> None:
    good(tmp_path)
    for _, (name, content, _) in MALFORMED.items():
        if not isinstance(content, bytes):
            write(tmp_path / f"bad{len(list(tmp_path.iterdir()))}" / name, content)
    odd = {"deep": nested(900), "much": 10**400, "half": "\ud83d", "endless": float("nan")}
    write(tmp_path / "odd" / "odd.atif.json", asked(odd))
    half = [*TEXT_BASED, {"role": "assistant", "content": "half \ud83d"}]
    write(tmp_path / "half" / "good.traj.json", mini(half, submission="diff \ud83d"))
    problems = write(tmp_path / "data.jsonl", {"instance_id": "odd", "problem_statement": "Odd."})
    done = select(tmp_path, "--problems", str(problems))
    assert done.exit_code == 0, done.output
    [log] = (tmp_path / "logs").glob("*.eval")
    samples = {s.id: s for s in read_eval_log(str(log)).samples or []}
    assert set(samples) >= {"good", "odd"}
    assert not any(sample.error for sample in samples.values())


def moved(path: Path, part: str) -> Iterator[Recorded]:
    raise ValueError("moved away")


@reader(name="rows", patterns=("*.gone",), one=moved)
def gone(path: Path) -> Iterator[Recorded]:
    """Its rollouts are found and can then not be read again."""
    yield Recorded(problem="p", text="Go.", messages=(), part="1")


def test_a_command_whose_eval_failed_ends_with_another_status_than_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(READERS, "rows", gone)
    write(tmp_path / "a.gone", "")
    done = select(tmp_path)
    assert done.exit_code == 1
    assert "the eval ended with status error" in done.output
    assert "moved away" in done.output


def test_a_command_that_could_not_write_ends_with_another_status_than_0(tmp_path: Path) -> None:
    write(tmp_path / "good.atif.json", atif())
    done = select(tmp_path, "--output", str(write(tmp_path / "file", "in the way")))
    assert done.exit_code == 1
    assert "no selection was written" in done.output

"""Where results are saved, and what depends on what: a change makes anew just what it touches."""

import json
import os
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import anyio
import fsspec
import pytest
from crowd import crowd
from fsspec.implementations.memory import MemoryFileSystem
from helpers import Script, run_eval, shell_then_submit
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.scorer import includes
from pydantic import BaseModel
from scripted import calls, pool, problem, run

from inspect_tts import UserError, bash_agent, pdr_rtv, rtv
from inspect_tts.recorded.replay import replay_recorded
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.resume.store import FileStore


class Thing(BaseModel):
    value: int


class Anything(BaseModel):
    value: Any


def saved_results(root: str) -> SavedResults:
    return SavedResults(FileStore(root))


@pytest.mark.parametrize("root", ["{tmp}/saved", "memory://saved{tmp}"])
def test_a_unit_is_there_for_another_process(tmp_path: Path, root: str) -> None:
    place = root.format(tmp=tmp_path)

    async def keep_and_look() -> None:
        await saved_results(place).put("vote", "ab12", Thing(value=3))
        assert await saved_results(place).get("vote", "ab12", Thing) == Thing(value=3)
        assert await saved_results(place).get("vote", "ab13", Thing) is None
        assert await saved_results(place).put_bytes("snapshot", "ab12", b"\x00")
        assert await saved_results(place).get_bytes("snapshot", "ab12") == b"\x00"
        FileStore(place).remove()
        assert await saved_results(place).get("vote", "ab12", Thing) is None

    anyio.run(keep_and_look)


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=5))
def test_json_is_read_as_it_was(value: Any) -> None:
    async def there_and_back() -> None:
        store = saved_results("memory://json")
        await store.put("vote", "ab12", Anything(value=value))
        assert await store.get("vote", "ab12", Anything) == Anything(value=value)

    anyio.run(there_and_back)


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    async def race() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(saved_results(str(tmp_path)).put, "vote", "ab", Thing(value=7))
        assert await saved_results(str(tmp_path)).get("vote", "ab", Thing) == Thing(value=7)

    anyio.run(race)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("damage", [b"", b"half", b'{"value": 3}'], ids=str)
def test_a_damaged_unit_is_counted_and_not_trusted(tmp_path: Path, damage: bytes) -> None:
    kept = saved_results(str(tmp_path))
    anyio.run(kept.put, "vote", "ab12", Thing(value=3))
    [file] = tmp_path.rglob("*.unit")
    file.write_bytes(damage)
    assert anyio.run(kept.get, "vote", "ab12", Thing) is None
    assert kept.damaged == Counter(vote=1)


class Refusing(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """As a bucket in which one may read and list."""

    protocol = "refusing"

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        raise PermissionError("Access Denied")


class Forgetful(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """As a bucket in which one may write, and read nothing."""

    protocol = "forgetful"

    def cat_file(self, path: str, *args: Any, **kwargs: Any) -> bytes:
        raise PermissionError("Access Denied")


for each in (Refusing, Forgetful):
    fsspec.register_implementation(each.protocol, each, clobber=True)


@pytest.mark.parametrize(
    "place",
    [
        "{tmp}/file",
        "{tmp}/file/below",
        "/proc/saved",
        "refusing://bucket/x",
        "forgetful://bucket/x",
    ],
)
def test_a_place_that_refuses_is_refused_before_anything_runs(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file, not a folder", encoding="utf-8")
    given = place.format(tmp=tmp_path)
    with pytest.raises(UserError, match=r"cannot be written: .*Give a folder or URL") as raised:
        rtv(resume=given)
    assert given in str(raised.value)
    with pytest.raises(UserError, match="cannot be written"):
        replay_recorded(resume=given)


@pytest.mark.interop
def test_a_bucket_that_one_may_only_read_is_refused_before_anything_runs(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    iam = import_module("boto3").client("iam")
    allowed = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # of the bucket's owner
    url, kind = f"{endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
    urlopen(Request(url, b"0", kind))  # rights are looked at from the first request
    try:
        assert fsspec.filesystem("s3").ls(bucket) == []
        with pytest.raises(UserError, match=r"cannot be written: PermissionError: .*Denied"):
            rtv(resume=f"{bucket}/saved")
    finally:
        urlopen(Request(url, b"inf", kind))


@pytest.mark.parametrize("place", ["{tmp}/new/and/newer", "{tmp}", "memory://saved{tmp}"])
def test_trying_a_place_leaves_nothing(tmp_path: Path, place: str) -> None:
    rtv(resume=place.format(tmp=tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert not fsspec.filesystem("memory").find(f"/saved{tmp_path}")


@pytest.mark.parametrize(
    ("given", "words"), [("", "it is empty"), ("nowhere://x", "a URL that fsspec knows")]
)
def test_a_place_that_cannot_be_is_refused(given: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        rtv(resume=given)


# --- what depends on what

FIRST: dict[str, Any] = {"n": 4, "votes": 2, "early_stop": False, "seed": 1}
AGENTS, SUMMARIES, VOTES = 8, 4, 6


@pytest.mark.parametrize(
    ("change", "made"),
    [
        pytest.param({}, (0, 0, 0), id="nothing"),
        pytest.param({"votes": 3}, (0, 0, VOTES // 2), id="one more vote a match"),
        pytest.param({"judge_prompt": "{problem} {solutions}?"}, (0, 0, VOTES), id="judge prompt"),
        pytest.param({"seed": 2}, (0, 0, VOTES), id="seed: others meet"),
        pytest.param(
            {"summarizer_prompt": "Sum up: {problem} <trajectory> {trajectory}"},
            (0, SUMMARIES, 0),
            id="summarizer prompt, which summarizes alike",
        ),
        pytest.param({"n": 5}, (2, 1, 8), id="one more rollout: others meet"),
        pytest.param({"turn_limit": 9}, (AGENTS, SUMMARIES, 0), id="rollouts that do the same"),
        pytest.param({"resume": "off"}, (AGENTS, SUMMARIES, VOTES), id="nothing is saved"),
    ],
)
def test_a_change_makes_anew_what_it_touches(
    tmp_path: Path, change: dict[str, Any], made: tuple[int, int, int]
) -> None:
    place: dict[str, Any] = {"resume": str(tmp_path / "saved")}
    run(problem(), rtv(**FIRST, **place, agent=crowd()), tmp_path)
    again = run(problem(), rtv(**{**FIRST, **place, **change}, agent=crowd()), tmp_path)
    asked = tuple(len(calls(again, role)) for role in (None, "summarizer", "judge"))
    assert asked == made
    assert pool(again).discrepancies() == ()


def test_another_problem_epoch_or_model_is_no_unit_of_this_one(tmp_path: Path) -> None:
    strategy: dict[str, Any] = {**FIRST, "resume": str(tmp_path / "saved")}
    run(problem(), rtv(**strategy, agent=crowd()), tmp_path)
    other = run(problem(input="Else."), rtv(**strategy, agent=crowd()), tmp_path)
    warm = run(problem(), rtv(**strategy, agent=crowd()), tmp_path, temperature=0.5)
    assert pool(other).taken_over == {}
    assert "rollout" not in pool(warm).taken_over
    epochs = run(problem(), rtv(**strategy, agent=crowd()), tmp_path, epochs=2)
    found = {
        sample.epoch: sample.store["RolloutPool:taken_over"] for sample in epochs.samples or []
    }
    assert found == {1: {"rollout": 4, "summary": 4, "vote": 6}, 2: {}}


def test_the_log_shows_what_was_taken_over(tmp_path: Path) -> None:
    strategy: dict[str, Any] = {**FIRST, "resume": str(tmp_path / "saved"), "agent": crowd()}
    first = pool(run(problem(), rtv(**strategy), tmp_path))
    log = run(problem(), rtv(**strategy), tmp_path)
    again = pool(log)
    assert again.taken_over == {"rollout": 4, "summary": 4, "vote": 6}
    assert [r.usage for r in again.rollouts] == [r.usage for r in first.rollouts]
    infos = [event for event in (log.samples or [])[0].events if event.event == "info"]
    kept = [event.data for event in infos if event.source == "inspect_tts"]
    assert len(kept) == 4
    assert all(isinstance(data, dict) and len(data["messages"]) >= 3 for data in kept)  # type: ignore[arg-type]


# --- sandboxes


def boxed(name: str, folder: Path, script: Script, **options: Any) -> EvalLog:
    task = Task(
        name=name,
        dataset=[Sample(id="p", input="Do it.", target="a")],
        scorer=includes(),
        sandbox=options.pop("sandbox"),
    )
    given = {"n": 2, "votes": 1, "agent": bash_agent(), "resume": str(folder / "saved"), **options}
    return run_eval(task, pdr_rtv(top_k=1, **given), script, folder)


@pytest.mark.docker
@pytest.mark.faults
def test_a_sandbox_that_cannot_be_kept_is_said_to_be_so_and_its_rollout_runs_again(
    tmp_path: Path, docker_box: Any
) -> None:
    # each iteration has a rollout of either kind
    commands = ("nohup sleep 1000 >/dev/null 2>&1 &", "head -c 300M /dev/zero > big")
    whys = ("1 processes are still running", "exceed 256 MiB")

    def act(me: str, turn: int) -> Any:
        return shell_then_submit(commands[int(me[1:]) % 2])(me, turn)

    for _ in range(2):
        script = Script(act=act)
        log = boxed(docker_box.task_name, tmp_path, script, sandbox=docker_box.spec)
        [sample] = log.samples or []
        found = sample.store["RolloutPool:taken_over"]
        reasons = [
            str(event.data)
            for event in sample.events
            if event.event == "info" and any(why in str(event) for why in whys)
        ]
        assert len(reasons) == 2, "the rollouts of the last iteration, whose sandbox is held"
        assert all(any(why in reason for reason in reasons) for why in whys)
    assert found["rollout"] == 2, "those of the first, of which only summaries go on"

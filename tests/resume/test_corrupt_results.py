"""Saved results with a right checksum and a wrong content are reported and made anew."""

import io
import json
import tarfile
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from helpers import Outcome, Script, eval_one, shell_then_submit
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes

from inspect_tts import bash_agent, rtv
from inspect_tts.resume.format import LARGEST, SAVED_VERSION, Kind, pack, unpack

ALL = {"rollout": 2, "summary": 2, "vote": 1, "grade": 1}


def run(folder: Path) -> Outcome:
    """Two rollouts that leave the same each time, their results saved in one folder."""
    task = Task(dataset=[Sample(id="p", input="Go.")], scorer=includes(), sandbox="local")
    given: dict[str, Any] = {"n": 2, "votes": 1, "seed": 1, "agent": bash_agent()}
    given["score_rollouts"] = True
    solver = rtv(**given, resume=str(folder / "saved"))
    return eval_one(task, solver, Script(shell_then_submit("echo {me} >f")), folder / "logs")


def replace(folder: Path, kind: Kind, change: Any) -> None:
    """Put another content into all saved results of a kind, with a right checksum."""
    for file in (folder / "saved" / kind).rglob("*.unit"):
        content = unpack(kind, file.stem, file.read_bytes())
        file.write_bytes(pack(kind, file.stem, change(content)))


def with_value(name: str, value: object) -> Any:
    return lambda content: json.dumps({**json.loads(content), name: value}).encode()


def with_usage(name: str, value: object) -> Any:
    """Put another number into what was used."""

    def change(content: bytes) -> bytes:
        saved = json.loads(content)
        saved["usage"][name] = value
        return json.dumps(saved).encode()

    return change


def archive(*members: tuple[str, bytes, str]) -> bytes:
    """A snapshot with these members: name, type, link."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info)
    zipped = io.BytesIO()
    with ZipFile(zipped, "w") as file:
        file.writestr("folder.tar", packed.getvalue())
    return zipped.getvalue()


WRONG: dict[str, tuple[Kind, Any]] = {
    "no JSON": ("rollout", lambda _: b"{"),
    "bytes": ("rollout", lambda _: b"\xff\xfe"),
    "nested JSON": ("summary", lambda _: b"[" * 100_000),
    "a list": ("vote", lambda _: b"[]"),
    "null": ("rollout", lambda _: b"null"),
    "messages that are none": ("rollout", with_value("messages", [{"role": "x"}])),
    "messages of numbers": ("rollout", with_value("messages", [1, 2])),
    "an output that is none": ("rollout", with_value("output", {"choices": 3})),
    "no output": ("rollout", with_value("output", None)),
    "facts that are none": ("rollout", with_value("facts", {"status": "fine"})),
    "seconds that are no number": ("rollout", with_value("seconds", float("nan"))),
    "endless seconds": ("rollout", with_value("seconds", float("inf"))),
    "seconds below zero": ("rollout", with_value("seconds", -1.0)),
    "tokens below zero": ("rollout", with_usage("input_tokens", -9)),
    "tokens beyond any number": ("rollout", with_usage("total_tokens", 10**30)),
    "dollars that are no number": ("rollout", with_usage("cost", float("nan"))),
    "half a surrogate pair as a name in the store": (
        "rollout",
        with_value("store", {"a\ud83d": 1}),
    ),
    "half a surrogate pair as a name below": (
        "rollout",
        with_value("metadata", {"a": [{"b\ud83d": 1}]}),
    ),
    "a rollout that failed": ("rollout", with_value("facts", {"status": "error"})),
    "a verdict for another": ("vote", with_value("verdict", "t9-n99")),
    "a vote on others": ("vote", with_value("order", ["t9-n99", "t0-n00"])),
    "a vote on fewer": ("vote", with_value("order", ["t0-n00"])),
    "another vote": ("vote", with_value("index", 77)),
    "a vote for nobody": ("vote", with_value("verdict", None)),
    "a verdict and an abstention": ("vote", with_value("abstention", "x")),
    "a verdict and a grade": ("vote", with_value("grade", 7)),
    "a grade that was not asked": (
        "vote",
        lambda content: json.dumps({**json.loads(content), "verdict": None, "grade": 7}).encode(),
    ),
    "a grade out of range": (
        "vote",
        lambda content: json.dumps({**json.loads(content), "verdict": None, "grade": 99}).encode(),
    ),
    "a vote that took no number of seconds": ("vote", with_value("seconds", float("nan"))),
    "a summary that failed": ("summary", with_value("status", "failed")),
    "a score of another scorer": ("grade", with_value("scores", {"zzz": 1})),
    "a score that is none": ("grade", with_value("scores", {"includes": [[1]]})),
    "no score": ("grade", with_value("scores", {})),
    "a snapshot that is none": ("snapshot", lambda _: b"PK"),
    "an empty snapshot": ("snapshot", lambda _: archive()[:0]),
    "a tar that is none": ("snapshot", lambda _: archive().replace(b"\0" * 512, b"\1" * 512)),
    "a file elsewhere": ("snapshot", lambda _: archive(("../out", tarfile.REGTYPE, ""))),
    "a link elsewhere": ("snapshot", lambda _: archive(("x", tarfile.SYMTYPE, "/etc"))),
    "a hard link elsewhere": ("snapshot", lambda _: archive(("x", tarfile.LNKTYPE, "/etc/passwd"))),
    "a FIFO": ("snapshot", lambda _: archive(("x", tarfile.FIFOTYPE, ""))),
    "a device": ("snapshot", lambda _: archive(("x", tarfile.CHRTYPE, ""))),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_content_is_reported_and_made_anew(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kind, change = WRONG[name]
    run(tmp_path)
    replace(tmp_path, kind, change)
    again = run(tmp_path).pool

    assert [rollout.status for rollout in again.rollouts] == ["completed"] * 2
    made_anew = "rollout" if kind == "snapshot" else kind
    assert made_anew not in again.taken_over
    assert again.damaged[kind] == ALL.get(kind, 2)
    assert f"a saved {kind} cannot be read and is computed again" in caplog.text
    assert run(tmp_path).pool.taken_over == ALL, "what was made anew is right again"


def test_a_small_unit_that_holds_much_is_not_unpacked() -> None:
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(b"\0" * 2**24) for _ in range(LARGEST // 2**24 + 1))
    body += packer.flush()
    digest = sha256(f"{SAVED_VERSION}\0vote\0ab\0".encode() + body).hexdigest()
    with pytest.raises(ValueError, match="no end where it should"):
        unpack("vote", "ab", b"inspect_tts unit " + digest.encode() + b"\n" + body)

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

ALL = {"rollout": 2, "summary": 2, "vote": 1}


def run(folder: Path) -> Outcome:
    """Two rollouts that leave the same each time, their results saved in one folder."""
    task = Task(dataset=[Sample(id="p", input="Go.")], scorer=includes(), sandbox="local")
    given: dict[str, Any] = {"n": 2, "votes": 1, "seed": 1, "agent": bash_agent()}
    solver = rtv(**given, resume=str(folder / "saved"))
    return eval_one(task, solver, Script(shell_then_submit("echo {me} >f")), folder / "logs")


def replace(folder: Path, kind: Kind, change: Any) -> None:
    """Put another content into all saved results of a kind, with a right checksum."""
    for file in (folder / "saved" / kind).rglob("*.unit"):
        content = unpack(kind, file.stem, file.read_bytes())
        file.write_bytes(pack(kind, file.stem, change(content)))


def with_value(name: str, value: object) -> Any:
    return lambda content: json.dumps({**json.loads(content), name: value}).encode()


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

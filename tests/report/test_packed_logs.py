"""A log that is packed as no log is costs neither memory nor time: it is refused."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from click.testing import CliRunner
from test_report import small, write

from inspect_tts.cli import main
from inspect_tts.errors import UserError
from inspect_tts.report.logs import find_logs
from inspect_tts.report.samples import check_log

ZIP_ZSTANDARD = 93
"""Python knows it by this name from 3.14 on."""


def packed(path: Path, pack: int, name: str = "samples/huge_epoch_1.json") -> None:
    """Add a part that unpacks to more than 1 GiB."""
    with ZipFile(path, "a", pack) as file, file.open(name, "w", force_zip64=True) as part:
        for _ in range(1100):
            part.write(bytes(1_000_000))


def understated(path: Path) -> None:
    """Have the list of a log's parts say of each that it unpacks to one byte."""
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\5\6")
    at = int.from_bytes(content[at + 16 : at + 20], "little")
    while content[at : at + 4] == b"PK\1\2":
        name, extra = (int.from_bytes(content[at + n : at + n + 2], "little") for n in (28, 30))
        content[at + 24 : at + 28] = (1).to_bytes(4, "little")
        at += 46 + name + extra
    path.write_bytes(content)


HUGE = [(ZIP_DEFLATED, False), (ZIP_DEFLATED, True), (ZIP_ZSTANDARD, False), (ZIP_ZSTANDARD, True)]


@pytest.mark.parametrize(("pack", "hides"), HUGE)
def test_a_small_file_that_unpacks_to_a_huge_one_is_not_unpacked(
    pack: int, hides: bool, tmp_path: Path
) -> None:
    path = write(small(), tmp_path)
    check_log(str(path))
    packed(path, pack)
    if hides:
        understated(path)
    assert path.stat().st_size < 10_000_000
    with pytest.raises(UserError, match=r"huge_epoch_1.json has \d+ bytes or more"):
        find_logs([str(path)])


@pytest.mark.parametrize("command", ["predictions", "replay", "select"])
def test_no_command_unpacks_a_huge_part(command: str, tmp_path: Path) -> None:
    path = write(small(), tmp_path)
    packed(path, ZIP_ZSTANDARD)
    told = CliRunner().invoke(main, [command, str(path)])
    assert "huge_epoch_1.json has" in told.output
    assert told.exit_code == 1


def overlapping(content: bytes) -> bytes:
    """The same list of parts with its last entry a thousand times."""
    end = content.rindex(b"PK\5\6")
    last = content[content.rindex(b"PK\1\2") : end]
    record = bytearray(content[end:])
    many = int.from_bytes(record[10:12], "little") + 1000
    record[8:12] = many.to_bytes(2, "little") * 2
    size = int.from_bytes(record[12:16], "little") + 1000 * len(last)
    record[12:16] = size.to_bytes(4, "little")
    return content[:end] + last * 1000 + bytes(record)


UNSOUND: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a part that is listed a thousand times": (overlapping, "overlap"),
    "something before the first part": (
        lambda content: b"x" * 99 + content,
        "not where its index says",
    ),
    "something after the end": (lambda content: content + b"x", "cut off"),
    "packed in another way": (
        lambda content: content.replace(b"\x5d\0", b"\x0c\0"),
        "compression method that no log uses",
    ),
}


@pytest.mark.parametrize(("change", "why"), UNSOUND.values(), ids=UNSOUND)
def test_a_log_that_is_not_packed_as_logs_are_is_refused(
    change: Callable[[bytes], bytes], why: str, tmp_path: Path
) -> None:
    path = write(small(), tmp_path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=why):
        check_log(str(path))

"""A sandbox provider of which chosen sandboxes do not start."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal, overload

from inspect_ai.util import (
    ExecResult,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    sandboxenv,
    subprocess,
)


class Boxes:
    """Which sandboxes fail, and what became of all of them."""

    opened = 0
    closed = 0
    told: ClassVar[list[dict[str, str]]] = []
    """The metadata that each was opened with."""
    failing: frozenset[int] = frozenset()
    unclosable: int | None = None


@contextmanager
def failing_boxes(*failing: int, unclosable: int | None = None) -> Iterator[None]:
    """Let sandboxes fail by number, 0 is the sample's own; check that all others are closed."""
    Boxes.opened, Boxes.closed, Boxes.told = 0, 0, []
    Boxes.failing, Boxes.unclosable = frozenset(failing), unclosable
    try:
        yield
    finally:
        Boxes.failing, Boxes.unclosable = frozenset(), None
    assert Boxes.opened > len(failing)
    assert Boxes.closed == Boxes.opened - len(failing)


@sandboxenv(name="shaky")
class ShakySandbox(SandboxEnvironment):
    """A temporary folder on this machine."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        number, Boxes.opened = Boxes.opened, Boxes.opened + 1
        Boxes.told.append(metadata)
        if number in Boxes.failing:
            raise RuntimeError(f"no room for sandbox {number}")
        return {"default": cls(number)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            box = environment.as_type(ShakySandbox)
            box.folder.cleanup()
            Boxes.closed += 1
            if box.number == Boxes.unclosable:
                raise RuntimeError(f"sandbox {box.number} is stuck")

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109  # the base class has it
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        folder = str(Path(self.folder.name) / (cwd or ""))
        return await subprocess(cmd, input=input, cwd=folder, env=env or {}, timeout=timeout)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        data = contents.encode() if isinstance(contents, str) else contents
        (Path(self.folder.name) / file).write_bytes(data)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        path = Path(self.folder.name) / file
        return path.read_text(encoding="utf-8") if text else path.read_bytes()

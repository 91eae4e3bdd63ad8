"""A provider of sandboxes that is neither docker nor local: folders that only it knows.

It has no compose files and no snapshots. A package that its tests install on the path names it as
an entry point of Inspect. The folders are below `$SHEDS`.
"""

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal, overload

from anyio import fail_after, run_process
from inspect_ai.util import (
    ExecResult,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    sandboxenv,
)


@sandboxenv(name="shed")
class Shed(SandboxEnvironment):
    """A folder in which commands run."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(dir=os.environ["SHEDS"]))

    @classmethod
    async def sample_init(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        metadata: dict[str, str],
    ) -> dict[str, SandboxEnvironment]:
        return {"default": cls()}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        for environment in environments.values():
            shutil.rmtree(environment.as_type(cls).folder)

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109  # as Inspect calls it
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        given = input.encode() if isinstance(input, str) else input
        with fail_after(timeout):
            done = await run_process(
                cmd,
                input=given or b"",
                cwd=self.folder / (cwd or "."),
                env={**os.environ, "HOME": str(self.folder.parent), **(env or {})},
                check=False,
            )
        texts = [stream.decode(errors="replace") for stream in (done.stdout, done.stderr)]
        return ExecResult(done.returncode == 0, done.returncode, *texts)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents.encode() if isinstance(contents, str) else contents)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        data = (self.folder / file).read_bytes()
        return data.decode() if text else data

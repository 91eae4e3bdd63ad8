"""Start fresh sandbox environments inside a sample, and hand one set over to the scorers.

Private: `init_/cleanup_sandbox_environments_sample` start and stop a set as Inspect does (files,
setup script, proxies that log events). `sandboxenv_context` would do so too, but it takes a slot of
`max_sandboxes` while the sample holds one: a deadlock. Inspect's scorers and its cleanup use the
dict `ActiveSample.sandbox_environments`. Only its class knows the folder of a `local` environment.
The docker provider keeps the random names of its compose projects in a list: it adds a name before
`docker compose up` and removes it after `docker compose down`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from typing import Any

from inspect_ai._eval.task.sandbox import (
    read_sandboxenv_file,
    resolve_sample_files,
    resolve_sandbox,
)
from inspect_ai._util.registry import registry_unqualified_name
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSpec
from inspect_ai.log._samples import ActiveSample
from inspect_ai.util import SandboxEnvironment, SandboxEnvironmentSpec
from inspect_ai.util._sandbox.context import (
    cleanup_sandbox_environments_sample,
    init_sandbox_environments_sample,
    sandbox_connections,
    sandbox_environments_context_var,
    sandbox_with_environments_context_var,
)
from inspect_ai.util._sandbox.docker.cleanup import cleanup_state
from inspect_ai.util._sandbox.docker.util import ComposeProject
from inspect_ai.util._sandbox.local import LocalSandboxEnvironment
from inspect_ai.util._sandbox.registry import registry_find_sandboxenv

logger = getLogger(__name__)


@dataclass
class SandboxSet:
    """The environments of one rollout, by service name."""

    spec: SandboxEnvironmentSpec
    task: str
    keep: bool
    """Whether `--no-sandbox-cleanup` was given."""
    environments: dict[str, SandboxEnvironment] = field(default_factory=dict)
    closed: bool = False

    async def close(self) -> None:
        """Close the environments once; a failure is only logged."""
        if self.closed:
            return
        self.closed = True
        if self.keep:
            return
        try:
            if self.spec.type == "local":
                _remove_replaced(local_folders(self.environments))
            await cleanup_sandbox_environments_sample(
                type=self.spec.type,
                task_name=self.task,
                config=self.spec.config,
                environments=self.environments,
                interrupted=False,
            )
        except Exception as error:
            logger.warning(f"a {self.spec.type} sandbox could not be closed: {error}")


async def sandbox_spec(
    spec: EvalSpec, active: ActiveSample, sample: Sample | None = None
) -> SandboxEnvironmentSpec | None:
    """The sandbox spec of this sample, or of another; None if it has no sandbox."""
    sandbox = spec.sandbox
    if sandbox is not None and isinstance(sandbox.config, str) and spec.task_file:
        # the spec names a file relative to the task's folder
        file = Path(spec.task_file).parent / sandbox.config
        if file.exists():
            sandbox = SandboxEnvironmentSpec(sandbox.type, str(file.resolve()))
    return await resolve_sandbox(sandbox, sample or active.sample, active.task)


async def open_sandboxes(
    sandbox: SandboxEnvironmentSpec,
    spec: EvalSpec,
    active: ActiveSample,
    sample: Sample | None = None,
) -> SandboxSet:
    """Start a fresh set of environments like the sample's, for the current async task."""
    sample = sample or active.sample
    sandbox_environments_context_var.set({})  # so that no other set is found if the start fails
    sandbox_with_environments_context_var.set({})
    environments = await init_sandbox_environments_sample(
        sandboxenv_type=registry_find_sandboxenv(sandbox.type),
        task_name=registry_unqualified_name(active.task),
        config=sandbox.config,
        files=await _files(sample),
        setup=await _setup(sample),
        metadata={**(sample.metadata or {}), "__sample_id__": sample.id},
    )
    keep = spec.config.sandbox_cleanup is False
    return SandboxSet(sandbox, active.task, keep, environments)


@contextmanager
def in_sandboxes(sandboxes: SandboxSet) -> Iterator[None]:
    """Make `sandbox()` inside the block return a rollout's sandbox."""
    found = sandbox_environments_context_var.set(sandboxes.environments)
    by_file = sandbox_with_environments_context_var.set({})
    try:
        yield
    finally:
        sandbox_with_environments_context_var.reset(by_file)
        sandbox_environments_context_var.reset(found)


@contextmanager
def no_sandbox_events(environment: SandboxEnvironment) -> Iterator[None]:
    """Log no events for commands in this block, if Inspect's proxy supports that."""
    silent = getattr(environment, "no_events", None)
    if silent is None:
        yield
        return
    with silent():
        yield


def local_folders(environments: Mapping[str, SandboxEnvironment]) -> list[str]:
    """The temporary folders of `local` environments."""
    folders = [env.as_type(LocalSandboxEnvironment).directory for env in environments.values()]
    return [folder.name for folder in folders]


def _remove_replaced(folders: Iterable[str]) -> None:
    """Remove a file or link that replaces an agent's folder; the provider would not remove it."""
    for folder in map(Path, folders):
        if folder.is_symlink() or folder.is_file():
            folder.unlink()


async def adopt_sandboxes(winner: SandboxSet, active: ActiveSample) -> None:
    """Replace the sample's environments with a rollout's, and close the replaced ones."""
    live: dict[str, Any] = active.sandbox_environments
    base = SandboxSet(winner.spec, winner.task, winner.keep, dict(live))
    live.clear()
    live.update(winner.environments)
    winner.closed = True
    found_by_file = sandbox_with_environments_context_var.get(None)
    if found_by_file is not None:
        found_by_file.clear()
    active.sandboxes = await sandbox_connections(live)
    await base.close()


async def _files(sample: Sample) -> dict[str, bytes]:
    resolved = resolve_sample_files(sample.files or {})
    return {path: await read_sandboxenv_file(contents) for path, contents in resolved.items()}


async def _setup(sample: Sample) -> bytes | None:
    if not sample.setup:
        return None
    script = await read_sandboxenv_file(sample.setup)
    has_interpreter = script.decode("utf-8").strip().startswith("#!")
    return script if has_interpreter else b"#!/usr/bin/env bash\n\n" + script


class _WatchedList(list[ComposeProject]):
    """The provider's list, which reports each change."""

    def __init__(
        self,
        projects: Iterable[ComposeProject],
        started: Callable[[str], None],
        down: Callable[[str], None],
    ) -> None:
        super().__init__(projects)
        self._started, self._down = started, down

    def append(self, project: ComposeProject, /) -> None:
        self._started(project.name)
        super().append(project)

    def remove(self, project: ComposeProject, /) -> None:
        super().remove(project)
        self._down(project.name)


def watch_projects(started: Callable[[str], None], down: Callable[[str], None]) -> None:
    """Report the compose projects of the running `eval()`, whoever starts them."""
    state = cleanup_state()
    if not isinstance(state.running_projects, _WatchedList):
        state.running_projects = _WatchedList(state.running_projects, started, down)

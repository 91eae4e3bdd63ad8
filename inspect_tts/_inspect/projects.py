"""The compose projects of this process, announced before each starts and after it is down.

Private: Inspect's docker provider keeps their random names in a list. It adds a name before `docker
compose up` and removes it after `docker compose down`.
"""

from collections.abc import Callable, Iterable

from inspect_ai.util._sandbox.docker.cleanup import cleanup_state
from inspect_ai.util._sandbox.docker.util import ComposeProject


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

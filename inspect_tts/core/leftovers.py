"""What a process that was killed has left running, and how it is told from what others run."""

import re
from collections.abc import Iterable

from .records import Record


class Register(Record):
    """What one process has started. On disk for as long as the process lives, and after a kill."""

    host: str
    pid: int
    created: float
    """When the process began: a later process may have the same pid."""
    tag: str
    """Part of the names of all compose projects that its rollouts start."""
    projects: tuple[str, ...] = ()
    """Other compose projects: the samples' own."""
    folders: tuple[str, ...] = ()
    """Temporary folders of `local` sandboxes."""

    def with_project(self, container: str) -> "Register":
        """Add the project of a container, if Inspect named it."""
        found = re.match(r"(inspect-[a-z\d_-]*-i[a-z\d]{6})-", container)
        if found is None or found[1] in self.projects:
            return self
        return self.model_copy(update={"projects": (*self.projects, found[1])})

    def with_folder(self, folder: str) -> "Register":
        """Add a folder."""
        return self.model_copy(update={"folders": (*self.folders, folder)})

    def left(self, projects: Iterable[str]) -> tuple[str, ...]:
        """Choose among compose projects those that this process has started.

        Args:
            projects: Names of all there are.

        Returns:
            The names that are its own.
        """
        tagged = re.compile(rf"inspect-.{{0,5}}-{re.escape(self.tag)}-i[a-z\d]{{6}}")
        return tuple(sorted(p for p in projects if p in self.projects or tagged.fullmatch(p)))

"""What a process that was killed has left running, and how it is told from what others run."""

from collections.abc import Iterable

from .records import Record


class Register(Record):
    """What one process runs. On disk for as long as the process lives, and after a kill."""

    host: str
    pid: int
    created: float
    """When the process began: a later process may have the same pid."""
    projects: tuple[str, ...] = ()
    """Compose projects that it has started, or was about to."""
    folders: tuple[str, ...] = ()
    """Temporary folders of `local` sandboxes."""

    def with_project(self, name: str) -> "Register":
        """Add a compose project."""
        return self.model_copy(update={"projects": (*self.projects, name)})

    def without_project(self, name: str) -> "Register":
        """Leave out a compose project that is down; one that is not there is no error."""
        return self.model_copy(update={"projects": tuple(p for p in self.projects if p != name)})

    def with_folder(self, folder: str) -> "Register":
        """Add a folder."""
        return self.model_copy(update={"folders": (*self.folders, folder)})


def built_for(images: Iterable[str], projects: Iterable[str]) -> tuple[str, ...]:
    """Choose the images that compose has built for projects of ours.

    Args:
        images: Names of all there are, without tags.
        projects: Names of the projects.

    Returns:
        The names that begin with a project's; compose names an image `<project>-<service>`.
    """
    beginnings = tuple(f"{project}-" for project in projects)
    return tuple(name for name in images if name.startswith(beginnings))

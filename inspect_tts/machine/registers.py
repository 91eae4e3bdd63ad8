"""The register of one process's sandboxes, as it is kept on disk. Pure."""

from collections.abc import Collection, Iterable

from inspect_tts.method.records import Record


class SandboxRegister(Record):
    """The sandboxes of one process. The register's file stays if the process is killed."""

    host: str
    projects: tuple[str, ...] = ()
    """Compose projects that the process started or was about to start, and that may still exist."""
    folders: tuple[str, ...] = ()
    """Temporary folders of `local` sandboxes."""

    def with_project(self, name: str) -> "SandboxRegister":
        """Add a compose project."""
        return self.model_copy(update={"projects": (*self.projects, name)})

    def without_projects(self, names: Collection[str]) -> "SandboxRegister":
        """Leave out compose projects that are gone."""
        return self.model_copy(
            update={"projects": tuple(name for name in self.projects if name not in names)}
        )

    def with_folder(self, folder: str) -> "SandboxRegister":
        """Add a folder."""
        return self.model_copy(update={"folders": (*self.folders, folder)})


def built_for(images: Iterable[str], projects: Iterable[str]) -> tuple[str, ...]:
    """The images that compose has built for these projects."""
    beginnings = tuple(f"{project}-" for project in projects)
    return tuple(name for name in images if name.startswith(beginnings))

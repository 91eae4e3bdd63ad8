"""Sandboxes for tests that run real evals."""

import atexit
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import fsspec
import pytest
from helpers import compose_file, containers, docker_missing
from inspect_ai.util import display_counter
from pydantic import TypeAdapter

os.environ.setdefault("INSPECT_TTS_PREFLIGHT", "false")  # a script's answers are counted
os.environ["INSPECT_EVAL_CTL_SERVER"] = "false"  # no test asks it anything
# `python3` without the wrapper of a version manager, which takes ten times as long to start
os.environ["PATH"] = os.pathsep.join([f"{sys.base_exec_prefix}/bin", os.environ["PATH"]])


def _home_without_startup_files() -> str:
    """The home folder but for what shells read: each command of a `local` sandbox starts one."""
    home = Path(mkdtemp(prefix="home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for entry in Path.home().iterdir():
        if entry.name not in {".bashrc", ".bash_profile", ".bash_login", ".profile"}:
            (home / entry.name).symlink_to(entry)
    return str(home)


os.environ["HOME"] = _home_without_startup_files()
os.environ["INSPECT_DISPLAY"] = "log"
# what Inspect finds out anew for each eval and for each field that is read
for name, found in (
    ("_util.package.packages_distributions", packages_distributions),
    ("util._store_model.TypeAdapter", TypeAdapter),
):
    pytest.MonkeyPatch().setattr(f"inspect_ai.{name}", cache(found))
# a traceback drawn in colors, of each call that fails: nobody sees it here
pytest.MonkeyPatch().setattr("inspect_ai._util.rich.rich_traceback", lambda *given, **how: "drawn")
display_counter("", "")  # fixes the display of this process; another one draws what nobody sees


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--swe", action="store_true", help="run the tests marked `swe` as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--swe"):
        reason = pytest.mark.skip(reason="takes long: `make swe`, or pytest --swe")
        for item in items:
            if item.get_closest_marker("swe"):
                item.add_marker(reason)


@dataclass(frozen=True)
class Box:
    """A kind of sandbox, and which sandboxes of a task are alive."""

    kind: str
    folder: Path
    spec: str | tuple[str, str]
    """For `Task(sandbox=...)`."""
    task_name: str
    """A name of its own, for `Task(name=...)`, so that its containers can be told from others."""

    @property
    def setup(self) -> str:
        """For `Sample(setup=...)`: notes each sandbox on `local`, where nobody else can tell."""
        return f"pwd >> {self._register}" if self.kind == "local" else "true"

    def opened(self) -> list[Path]:
        """All sandboxes ever opened on `local`, if `setup` was the sample's."""
        if not self._register.exists():
            return []
        return [Path(line) for line in self._register.read_text().splitlines()]

    def alive(self) -> list[str]:
        """Sandboxes that are there now."""
        if self.kind == "docker":
            return containers(self.task_name)
        return [str(path) for path in self.opened() if path.exists()]

    @property
    def _register(self) -> Path:
        return self.folder / "opened"


def local_box(folder: Path) -> Box:
    return Box("local", folder, "local", f"t{uuid4().hex[:8]}")


def docker_box(folder: Path) -> Box:
    missing = docker_missing()
    if missing:
        pytest.skip(missing)
    return Box("docker", folder, ("docker", compose_file(folder)), f"t{uuid4().hex[:8]}")


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    """One sandbox provider after the other."""
    return docker_box(tmp_path) if request.param == "docker" else local_box(tmp_path)


docker_in_faults = pytest.mark.parametrize(
    "box",
    ["local", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.faults])],
    indirect=True,
)
"""For a test that takes long on docker: there `make faults` runs it."""


@pytest.fixture(name="docker_box")
def docker_box_only(tmp_path: Path) -> Box:
    """For what `local` cannot show; mark the test `docker`."""
    return docker_box(tmp_path)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of an S3 on this machine."""
    moto = pytest.importorskip("moto.server", reason="needs the group `interop`")
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # of another server
    name = f"bucket-{uuid4().hex[:8]}"
    fsspec.filesystem("s3").mkdir(name)
    yield f"s3://{name}"
    server.stop()
    fsspec.get_filesystem_class("s3").clear_instance_cache()

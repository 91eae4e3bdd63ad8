"""Pull the images of problems beforehand; keep those that are present, and report failures."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from inspect_ai.dataset import Sample

from inspect_tts.errors import UserError

GIGABYTE = 10**9
RESERVE = 5 * GIGABYTE
"""Free bytes below which nothing more is pulled."""

_MACHINES = {"x86_64": "amd64", "arm64": "arm64"}

Outcome = Literal["present", "pulled", "failed"]


@dataclass(frozen=True)
class Wanted:
    """An image that is needed."""

    name: str
    machine: str | None
    """Docker's name of the architecture; None if any will do."""


@dataclass(frozen=True)
class Fetched:
    """What happened to an image."""

    image: Wanted
    outcome: Outcome
    why: str = ""


def wanted_images(samples: Iterable[Sample]) -> list[Wanted]:
    """The images that samples of `swe_verified` run in."""
    found: dict[Wanted, None] = {}
    for sample in samples:
        data = sample.metadata or {}
        found[Wanted(data["image_name"], _MACHINES.get(data["arch"] or ""))] = None
    return list(found)


class Engine:
    """The functions of the docker engine that are needed here, through its HTTP API."""

    def __init__(self, client: Any = None) -> None:
        from docker.client import DockerClient
        from docker.errors import DockerException

        try:
            self._client = client or DockerClient.from_env(timeout=600)
            self._client.ping()
        except DockerException as error:
            raise UserError(
                f"the docker engine is not responding: {error}. Start it, or set DOCKER_HOST to "
                "its address"
            ) from error

    def machine(self, name: str) -> str | None:
        """The architecture of a local image; None if the image is not present."""
        from docker.errors import NotFound

        try:
            return str(self._client.api.inspect_image(name)["Architecture"])
        except NotFound:
            return None

    def pull(self, image: Wanted, progress: Callable[[int], None]) -> None:
        """Pull an image; layers that are present are not pulled again."""
        from docker.errors import DockerException

        repository, _, tag = image.name.partition(":")
        platform = f"linux/{image.machine}" if image.machine else None
        done: dict[str, int] = {}
        try:
            for event in self._client.api.pull(
                repository, tag=tag or "latest", stream=True, decode=True, platform=platform
            ):
                if "error" in event:
                    raise UserError(str(event["error"]))
                if event.get("status") == "Downloading":
                    done[event.get("id", "")] = event.get("progressDetail", {}).get("current", 0)
                    progress(sum(done.values()))
        except (DockerException, OSError) as error:
            raise UserError(getattr(error, "explanation", None) or str(error)) from error

    def free_bytes(self) -> int | None:
        """Free disk space where the engine keeps images; None if that is on another machine."""
        root = Path(self._client.info().get("DockerRootDir", ""))
        return shutil.disk_usage(root).free if root.is_absolute() and root.exists() else None


def check_space(engine: Engine, missing: int, gigabytes: float) -> int | None:
    """Refuse to pull images that would not fit; return the free bytes, if known."""
    free = engine.free_bytes()
    need = int(missing * gigabytes * GIGABYTE) + RESERVE
    if free is not None and missing and free < need:
        raise UserError(
            f"{missing} images at {gigabytes:g} GB each and {RESERVE // GIGABYTE} GB in reserve "
            f"need {need / GIGABYTE:.0f} GB, but only {free / GIGABYTE:.0f} GB are free. Give a "
            "smaller --limit, free some space, or give the real size with --gb-per-image"
        )
    return free


def fetch_images(
    engine: Engine,
    images: Iterable[Wanted],
    *,
    jobs: int,
    progress: Callable[[Wanted, int], None],
) -> Iterator[Fetched]:
    """Pull the images that are not present, `jobs` at a time."""

    def fetch(image: Wanted) -> Fetched:
        try:
            machine = engine.machine(image.name)
            outcome: Outcome = "present"
            if machine is None or (image.machine and machine != image.machine):
                free = engine.free_bytes()
                if free is not None and free < RESERVE:
                    return Fetched(image, "failed", f"only {free / GIGABYTE:.1f} GB are free")
                engine.pull(image, lambda done: progress(image, done))
                machine, outcome = engine.machine(image.name), "pulled"
            if image.machine and machine != image.machine:
                why = f"it is for {machine}, but {image.machine} is needed"
                return Fetched(image, "failed", why)
            return Fetched(image, outcome)
        except Exception as error:  # a failed image must not stop the others
            return Fetched(image, "failed", str(error))

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(fetch, images)

"""Check the images when the samples of an eval are known, before the first sample starts."""

from collections.abc import Iterable, Sequence
from typing import Any

import anyio.to_thread
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSpec
from inspect_ai.scorer import SampleScore
from inspect_ai.util import EarlyStop, SandboxEnvironmentSpec

from inspect_tts.errors import UserError

from .images import Engine, Wanted, wanted_images


class ImageCheck:
    """Ends an eval before its first sample starts, if the images of its samples are not available.

    Inspect calls a task's `early_stopping` before any sandbox starts. No sample is stopped early.
    """

    async def start_task(self, task: EvalSpec, samples: list[Sample], epochs: int) -> str:
        """Check the images of the samples that will run."""
        try:
            await anyio.to_thread.run_sync(self.check, samples)
        except UserError as error:
            _rich_traceback_guard = True  # see `no_traceback`
            raise error.with_traceback(None) from None
        return "inspect_tts: images are there"

    def check(self, samples: Sequence[Sample]) -> None:
        """Check the images of samples."""
        wanted = wanted_images(sample for sample in samples if _on_docker(sample))
        if wanted:
            check_images(Engine(), wanted)

    async def schedule_sample(self, id: str | int, epoch: int) -> EarlyStop | None:
        """Let every sample run."""
        return None

    async def complete_sample(
        self, id: str | int, epoch: int, scores: dict[str, SampleScore]
    ) -> None:
        """Do nothing."""

    async def complete_task(self) -> dict[str, Any]:
        """Report nothing."""
        return {}


def check_images(engine: Engine, wanted: Iterable[Wanted]) -> None:
    """Refuse images of another architecture, and pull the first missing image.

    Compose pulls the other images when their samples start. If the first cannot be pulled, the
    others most likely cannot be pulled either.
    """
    missing: list[Wanted] = []
    for image in wanted:
        machine = engine.machine(image.name)
        if machine is None:
            missing.append(image)
        elif image.machine and machine != image.machine:
            raise UserError(
                f"the local image {image.name} is for {machine}, but the task needs "
                f"{image.machine}. Choose the architecture with -T arch=..., or remove the image: "
                f"docker rmi {image.name}"
            )
    if not missing:
        return
    first = missing[0]
    try:
        engine.pull(first, lambda done: None)
    except UserError as error:
        others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise UserError(
            f"the image {first.name} is missing{others} and cannot be pulled: {error}. "
            "`inspect-tts prefetch swe_verified` pulls images beforehand and reports what fails; "
            "for other image names, give -T image_template=..."
        ) from error


def _on_docker(sample: Sample) -> bool:
    return isinstance(sample.sandbox, SandboxEnvironmentSpec) and sample.sandbox.type == "docker"

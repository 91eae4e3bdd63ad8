"""The container in which results of recorded rollouts are executed, from the problem's image."""

from collections.abc import Sequence

from inspect_ai.dataset import Sample
from inspect_ai.solver import TaskState

from inspect_tts.benchmarks.swe_verified.containers import (
    check_template,
    image_name,
    image_sandbox,
)
from inspect_tts.rollout.source import Place

IMAGE = "image"
"""Key in a sample's metadata: the image that holds the problem's start state."""

NEEDS_IMAGE = (
    "check, evidence and close=investigate run on the results of rollouts, which needs the image "
    "of each problem: "
    "give image_template (--image-template), for example "
    "'swebench/sweb.eval.x86_64.{org}_1776_{repo}-{issue}:latest'"
)


def images_of(template: str | None, problems: Sequence[str]) -> dict[str, str]:
    """The image of each problem, by problem name; empty without a template."""
    if template is None:
        return {}
    check_template(template)
    return {name: image_name(template, name) for name in problems}


def place_of(state: TaskState) -> Place | None:
    """A sandbox from the problem's image; None if the sample names no image."""
    image = state.metadata.get(IMAGE)
    if image is None:
        return None
    sandbox = image_sandbox(str(image), arch=None)
    return Place(Sample(id=state.sample_id, input=state.input, sandbox=sandbox))

"""The names of images for SWE-bench-like problems, and sandboxes from images."""

import re
from collections.abc import Mapping

from inspect_ai.util import ComposeConfig, ComposeService, SandboxEnvironmentSpec

from inspect_tts.errors import UserError

FIELDS = ("org", "repo", "issue", "id", "arch")
_ID = re.compile(r"(?P<org>.+?)__(?P<repo>.+)-(?P<issue>\d+)")
_PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}


def check_template(template: str) -> None:
    """Refuse a template with unknown placeholders, or with the same name for all problems."""
    try:
        named = template.format(**dict.fromkeys(FIELDS, "x"))
    except (KeyError, IndexError, ValueError) as error:
        allowed = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise UserError(
            f"image_template={template!r} has an unknown placeholder ({error}); it may contain "
            f"{allowed}"
        ) from error
    if not any(f"{{{field}}}" in template for field in ("id", "issue")):
        raise UserError(
            f"image_template={template!r} names the same image, {named!r}, for all problems; add "
            "{id}, or {org}, {repo} and {issue}"
        )


def image_name(template: str, problem: str, arch: str = "x86_64") -> str:
    """The name of a problem's image, by the rules of inspect_evals."""
    told = _ID.fullmatch(problem)
    parts: Mapping[str, str] = told.groupdict() if told else {}
    try:
        return template.format(id=problem, arch=arch, **parts).lower()
    except KeyError as error:
        raise UserError(
            f"image_template={template!r} needs {error} of the problem {problem!r}, whose name is "
            "not like org__repo-123; use {id}"
        ) from error


def image_sandbox(
    image: str, *, arch: str | None, internet: bool = False, folder: str | None = None
) -> SandboxEnvironmentSpec:
    """A docker sandbox from an image, in the image's working directory or in a folder."""
    service = ComposeService(
        image=image,
        platform=_PLATFORMS.get(arch or ""),  # None: docker takes the image as it is
        init=True,  # without it, every stop takes 10 seconds
        command="sleep infinity",
        working_dir=folder,
        network_mode=None if internet else "none",
    )
    return SandboxEnvironmentSpec("docker", ComposeConfig(services={"default": service}))

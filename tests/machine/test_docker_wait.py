"""What is tried again after the docker daemon was away, and what is not."""

import anyio
import pytest
from helpers import docker_missing

from inspect_tts.machine.docker_wait import retry_after_outage

pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def with_docker() -> None:
    if missing := docker_missing():
        pytest.skip(missing)


def tried(*errors: str) -> tuple[int, str]:
    """How often a start is tried that fails with these errors and then works, and how it ends."""
    left = [*errors]

    async def start() -> str:
        if left:
            raise RuntimeError(left.pop(0))
        return "started"

    try:
        end = anyio.run(retry_after_outage, start)
    except RuntimeError as error:
        end = str(error)
    return len(errors) - len(left) + (end == "started"), end


AWAY = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?"


@pytest.mark.parametrize(
    ("errors", "times", "end"),
    [
        ([], 1, "started"),
        ([AWAY], 2, "started"),
        (["error during connect: EOF"], 2, "started"),
        (["no such image"], 1, "no such image"),
        ([AWAY, "no such image"], 2, "no such image"),
        ([AWAY, AWAY], 2, AWAY),
    ],
    ids=["no error", "away", "cut off", "another error", "another error then", "away twice"],
)
def test_a_start_is_tried_again_once_if_the_daemon_was_away(
    errors: list[str], times: int, end: str
) -> None:
    assert tried(*errors) == (times, end)

"""Which compose projects a killed process left, and which are somebody else's."""

import pytest

from inspect_tts.core.leftovers import Register

MINE = Register(host="h", pid=1, created=0.0, tag="a1b2c3", projects=("inspect-demo-iabc123",))


@pytest.mark.parametrize(
    ("project", "mine"),
    [
        ("inspect-demo-iabc123", True),
        ("inspect-demo-ixyz789", False),
        ("inspect-demo-a1b2c3-iabcdef", True),
        ("inspect--a1b2c3-iabcdef", True),
        ("inspect-demo-ffffff-iabcdef", False),
        ("inspect-demo-a1b2c3-iabcdefg", False),
        ("other-demo-a1b2c3-iabcdef", False),
    ],
)
def test_projects(project: str, mine: bool) -> None:
    assert MINE.left([project]) == ((project,) if mine else ())


@pytest.mark.parametrize(
    ("container", "project"),
    [
        ("inspect-demo-i12ab34-default-1", "inspect-demo-i12ab34"),
        ("inspect-swe_bench-i12ab34-web-2", "inspect-swe_bench-i12ab34"),
        ("somebody-s-i12ab34-default-1", None),
    ],
)
def test_the_project_of_a_container(container: str, project: str | None) -> None:
    added = MINE.with_project(container).projects[1:]
    assert added == (() if project is None else (project,))
    assert MINE.with_project(container).with_project(container).projects[1:] == added

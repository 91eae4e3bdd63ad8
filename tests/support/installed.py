"""Modules of this folder as an installed package names them: by entry points of Inspect."""

import os
from pathlib import Path

SUPPORT = Path(__file__).parent


def installed(folder: Path, *modules: str) -> dict[str, str]:
    """Make a package that names modules; returns what the environment of its users needs."""
    info = folder / "package" / "of_tests-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: of_tests\nVersion: 1.0\n", encoding="utf-8"
    )
    lines = [f"{module} = {module}" for module in modules]
    (info / "entry_points.txt").write_text(
        "\n".join(["[inspect_ai]", *lines, ""]), encoding="utf-8"
    )
    return {"PYTHONPATH": os.pathsep.join([str(info.parent), str(SUPPORT)])}

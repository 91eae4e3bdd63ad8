"""Arguments of a command: which value counts if a name is given twice."""

import json
from pathlib import Path

from inspect_tts._inspect.command import merged_args


def test_the_command_line_has_precedence_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "args.json"
    file.write_text(json.dumps({"n": 8, "votes": 4}))
    assert merged_args(["n=2", "seed=1"], str(file)) == {"n": 2, "votes": 4, "seed": 1}
    assert merged_args(["n=2"], None) == {"n": 2}

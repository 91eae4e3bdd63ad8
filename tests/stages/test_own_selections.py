"""Selections that others wrote: from a file, from a package, from the command line."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from inspect_ai.log import list_eval_logs, read_eval_log
from scripted import acting, pool, prefer, problem, run, says

from inspect_tts import RolloutPool, UserError, rtv
from inspect_tts.method.selection_specs import SELECTIONS, matches_at_most
from inspect_tts.recorded.commands import replay
from inspect_tts.registry import find_selection

SMALL_FINAL = '''
from inspect_tts import Candidates, SelectionSteps, selection


@selection(answer="verdict", most_matches=lambda n, keep, group_size: 1)
def small_final(candidates: Candidates) -> SelectionSteps:
    """Two drawn at random meet; the others come after them."""
    order = candidates.draw(candidates.ids, "pairing")
    [match] = yield (order[:2],)
    loser = next(id for id in match.group if id != match.winner)
    return (match.winner, loser, *order[2:])


not_one = 3
'''
CROWD = acting(*(says(f"#r{i}", "done") for i in range(9)))


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Path]:
    file, built_in = tmp_path / "mine.py", dict(SELECTIONS)
    file.write_text(SMALL_FINAL)
    yield file
    SELECTIONS.clear()
    SELECTIONS.update(built_in)


def test_a_selection_of_a_file_decides_is_recorded_and_recomputed(
    mine: Path, tmp_path: Path
) -> None:
    name = f"{mine}@small_final"
    log = run(problem(), rtv(n=5, votes=3, selection=name, agent=CROWD), tmp_path)
    found = pool(log)
    [selection] = found.selections
    [[match]] = [round.matches for round in selection.rounds]
    assert selection.kind == name
    assert (found.adopted, len(match.votes)) == (match.winner, 3)
    assert found.discrepancies() == ()
    changed = found.model_copy(deep=True)
    other = next(id for id in match.group if id != match.winner)
    loser = match.model_copy(update={"winner": other})
    forged = selection.model_copy(
        update={"rounds": (selection.rounds[0].model_copy(update={"matches": (loser,)}),)}
    )
    changed.selections = [forged]
    assert changed.discrepancies() != ()


def test_a_log_whose_selection_is_gone_says_so(mine: Path, tmp_path: Path) -> None:
    name = f"{mine}@small_final"
    found = pool(run(problem(), rtv(n=3, votes=1, selection=name, agent=CROWD), tmp_path))
    SELECTIONS.pop(name)
    mine.rename(tmp_path / "elsewhere.py")
    [said] = found.discrepancies()
    assert "selection t0 cannot be recomputed" in said
    assert "no file" in said


def test_replay_takes_it_from_the_command_line(mine: Path, tmp_path: Path) -> None:
    run(problem(), rtv(n=4, votes=2, agent=CROWD), tmp_path, judge=prefer("#r3"))
    [log] = tmp_path.glob("*.eval")
    again = tmp_path / "again"
    arguments = [str(log), "--selection", f"{mine}@small_final", "--model", "mockllm/model"]
    done = CliRunner().invoke(replay, [*arguments, "--log-dir", str(again), "--display", "none"])
    assert done.exit_code == 0, done.output
    [made] = list_eval_logs(str(again))
    samples = read_eval_log(made.name).samples or []
    [selection] = samples[0].store_as(RolloutPool).selections
    assert selection.kind == f"{mine}@small_final"
    assert len(selection.rounds) == 1


@pytest.mark.parametrize("name", ["own", "my_selections/own"])
def test_a_package_brings_one_by_its_entry_point(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mine.rename(tmp_path / "my_selections.py")
    info = tmp_path / "my_selections-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_selections\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        dedent("""\
            [inspect_tts.selections]
            own = my_selections:small_final
            """)
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert find_selection(name).answer == "verdict"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("swis", "did you mean 'swiss'? Choose one of 'tournament'"),
        ("{file}@big_final", "has no big_final; it has"),
        ("{file}@not_one", "names a int, not a selection: decorate it with @inspect_tts.selection"),
        ("nowhere.py@small_final", "no file nowhere.py"),
        ("oracle", "selection is blind"),
    ],
)
def test_what_is_no_selection_is_refused(mine: Path, name: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        rtv(selection=name.format(file=mine))
    assert said in str(refused.value)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize("name", [name for name, spec in SELECTIONS.items() if spec.answer])
def test_no_more_candidates_than_are_kept_need_no_match(name: str, n: int) -> None:
    assert matches_at_most(SELECTIONS[name], n, n, 2) == 0

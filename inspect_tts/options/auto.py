"""Validate `votes=auto`, `n=auto`, `ranked_by`, and options that need another option."""

from importlib.util import find_spec

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command
from inspect_tts.method.parameters import IterationParameters, JudgeParameters, Parameters
from inspect_tts.method.selection_specs import SELECTIONS, SelectionSpec

_NEEDS = {
    ("votes", "auto"): ("min_votes", "max_votes", "vote_error"),
    ("n", "auto"): ("min_n", "max_n", "wave"),
    ("close", "investigate"): ("investigation_turns", "investigation_cost", "investigator_prompt"),
}
_RANKING = ("swiss", "pivot")


def check_auto_votes(options: JudgeParameters) -> None:
    """Refuse options that contradict `votes=auto`, which stops matches by a sequential test."""
    if options.auto is None:
        return
    if not options.early_stop:
        raise UserError(
            "votes='auto' stops a match once it is settled, but early_stop=false never does; give "
            "early_stop=true, or a number of votes"
        )
    if options.min_votes > options.max_votes:
        raise UserError(
            f"min_votes={options.min_votes} is too large; give min_votes <= {options.max_votes}, "
            "the value of max_votes"
        )


def check_auto_selection(options: JudgeParameters, spec: SelectionSpec, name: str) -> None:
    """Refuse `votes=auto` in a selection that counts every vote."""
    if options.auto and spec.answer is not None and not spec.can_stop_early:
        others = [repr(each) for each, known in SELECTIONS.items() if known.can_stop_early]
        raise UserError(
            f"selection={name!r} counts every vote, but votes='auto' asks only for the votes that "
            f"settle the winner of a match; give selection={' or '.join(others)}, or a number of "
            "votes"
        )


def strengths_missing() -> str:
    """Say what to do if strengths cannot be computed."""
    return f"strengths need choix, which is not installed: {install_command('report')}"


def check_ranked_by(options: JudgeParameters, name: str) -> None:
    """Refuse to rank by strengths if the selection cannot, or if choix is not installed."""
    if options.ranked_by == "votes":
        return
    if name not in _RANKING:
        raise UserError(
            f"ranked_by={options.ranked_by!r} is for selection={' or '.join(map(repr, _RANKING))}; "
            f"leave it out with selection={name!r}"
        )
    if find_spec("choix") is None:
        raise UserError(f"ranked_by={options.ranked_by!r}: {strengths_missing()}")


def check_waves(options: IterationParameters) -> None:
    """Refuse waves whose `min_n` exceeds `max_n`."""
    if options.waves and options.min_n > options.max_n:
        raise UserError(
            f"min_n={options.min_n} is too large; give min_n <= {options.max_n}, the value of max_n"
        )


def check_executed(executes: bool, options: IterationParameters) -> None:
    """Refuse checks and evidence, which run between waves, if there are no waves."""
    if executes and not options.waves:
        raise UserError(
            "here, check and evidence only decide when the waves of n='auto' end; give n='auto', "
            "or put take_evidence() after rollouts()"
        )


def check_needed(options: Parameters) -> None:
    """Refuse options that apply only with another option, if that is not set."""
    fields = type(options).model_fields
    for (name, value), own in _NEEDS.items():
        known = [n for n in own if n in fields]
        needless = [n for n in known if getattr(options, n) != fields[n].default]
        if needless and getattr(options, name) != value:
            raise UserError(
                f"{' and '.join(needless)} applies to {name}={value!r} only; give {name}={value}, "
                "or leave it out"
            )

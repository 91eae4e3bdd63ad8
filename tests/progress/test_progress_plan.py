"""Upper bounds for the work on a problem."""

from inspect_ai.solver import generate

from inspect_tts import rollouts, rtv, tournament
from inspect_tts.progress import PlannedRecorded, planned_stages
from inspect_tts.progress.plan import phases


def test_no_more_go_on_than_there_are() -> None:
    stages = [rollouts(n=2, agent=generate()), tournament(keep=4, votes=3)]
    stages.append(rollouts(n=2, context="select", keep_parents=True, agent=generate()))
    stages.append(tournament(keep=1, votes=3))
    found = phases(planned_stages(stages))
    # among the 2 rollouts is nothing to select; then there are 2 parents and 2 new ones
    assert [(each.kind, each.total) for each in found] == [
        ("rollouts", 2),
        ("votes", 0),
        ("rollouts", 2),
        ("votes", 9),
    ]


def test_a_selection_that_asks_no_judge_has_no_votes() -> None:
    found = phases(planned_stages([rtv(n=4, selection="fewest_turns", agent=generate())]))
    assert [each.kind for each in found] == ["rollouts"]


def test_recorded_summaries_are_not_to_be_written() -> None:
    def count(metadata: object) -> int:
        return 3 if metadata else 0

    chosen = planned_stages([tournament(keep=1, votes=2)])
    told = phases([PlannedRecorded(count), *chosen], {"any": 1})
    assert [(each.kind, each.total) for each in told] == [("summaries", 3), ("votes", 4)]
    told = phases([PlannedRecorded(count, summarized=True), *chosen], {"any": 1})
    assert [(each.kind, each.total) for each in told] == [("votes", 4)]

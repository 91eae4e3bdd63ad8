"""Statistics of judges and of spending against tables computed by hand."""

from outcome_cases import match, outcome, rollout, selection

from inspect_tts.method.records import Match, Stage, Usage
from inspect_tts.statistics import judge_quality as judging
from inspect_tts.statistics.outcomes import ProblemOutcome
from inspect_tts.statistics.spending import phases

# --- judges


def judged(*rounds: list[Match]) -> list[judging.Judged]:
    """Matches of one selection; a and d pass, b and c fail, u was not graded."""
    scores = {"a": 1.0, "b": 0.0, "c": 0.9, "d": 2.0}
    return judging.judged([ProblemOutcome("p", 1, (), scores, (selection(*rounds),))])


def test_accuracy_counts_decidable_groups_only() -> None:
    played = [
        match("a b", {"a": 6, "b": 2}, "a"),
        match("b d", {"b": 5, "d": 3}, "b"),
        match("a d", {"a": 8, "d": 0}, "a"),  # both pass
        match("a u", {"a": 8, "u": 0}, "a"),  # not graded
        match("a b u", {"b": 8}, "b"),  # nor this
    ]
    last = [match("a b c", {"a": 4, "b": 2, "c": 2}, "a")]
    first, second = judging.accuracy_by_round(judged(played, last))
    assert first == judging.RoundAccuracy(
        iteration=0,
        selection=0,
        round=1,
        matches=5,
        decidable=2,
        correct=1,
        accuracy=0.5,
        chance=0.5,
        vote_accuracy=9 / 16,
    )
    assert (second.accuracy, second.chance, second.vote_accuracy) == (1.0, 1 / 3, 0.5)


def test_a_second_selection_among_an_iteration_is_told_apart() -> None:
    both = (selection([match("a b", {"a": 1}, "a")], id="t0"), selection(id="t1"))
    again = selection([match("a b", {"b": 1}, "b")], id="t0.2")
    played = judging.judged([ProblemOutcome("p", 1, (), {"a": 1, "b": 0}, (*both, again))])
    found = [(r.iteration, r.selection, r.correct) for r in judging.accuracy_by_round(played)]
    assert found == [(0, 0, 1), (0, 1, 0)]


def test_byes_grades_and_matches_without_a_vote_are_left_out() -> None:
    played = [
        match("a", {}, "a", decided_by="bye"),
        match("b c", {}, "b", decided_by="random", cut=8),
        match("a", {"a": 0}, "a", abstentions=8, decided_by="grade"),
        match("a b", {"a": 1, "b": 0}, "a"),
    ]
    assert [each.match.group for each in judged(played)] == [("a", "b")]


def test_rates() -> None:
    played = [
        match("a b", {"a": 4, "b": 4}, "a", tied=("a", "b"), order_flip_rate=1.0),
        match("a b", {"a": 5, "b": 0}, "a", skipped_votes=3, order_flip_rate=0.0),
        match("a b", {"a": 1, "b": 1}, "a", abstentions=2, reasked=3, tied=("a", "b")),
        match("a b", {"a": 3, "b": 0}, "a"),
    ]
    assert judging.rates(judged(played)) == judging.Rates(
        matches=4, votes=20, saved=3, tie=0.5, abstention=0.1, reask=0.15, flip=0.5
    )


def test_calibration_bins_by_the_winners_share() -> None:
    played = [
        match("a b", {"a": 5, "b": 3}, "a"),
        match("a b", {"a": 3, "b": 5}, "b"),
        match("a b", {"a": 8, "b": 0}, "a"),
        match("a b", {"a": 4, "b": 4}, "a", tied=("a", "b")),
        match("a d", {"a": 8, "d": 0}, "a"),
        match("a b c", {"a": 2, "b": 2, "c": 1}, "b", decided_by="evidence"),
        match("a b", {"a": 0, "b": 0}, "a", abstentions=2, decided_by="random"),
    ]
    assert judging.calibration(judged(played)) == (
        judging.Bin(low=0.0, high=0.5, matches=1, share=0.4, accuracy=0.0),
        judging.Bin(low=0.5, high=0.625, matches=2, share=0.625, accuracy=0.5),
        judging.Bin(low=0.875, high=1.0, matches=1, share=1.0, accuracy=1.0),
    )


# --- spending


def stage(name: str, seconds: float | None) -> Stage:
    return Stage(name=name, iteration=0, parameters={}, seconds=seconds)


def test_phases_are_means_over_problems_and_the_rest_is_other() -> None:
    def used(tokens: int, cost: float | None = None) -> Usage:
        return Usage(
            input_tokens=tokens - 20,
            cache_read_tokens=15,
            output_tokens=5,
            total_tokens=tokens,
            cost=cost,
        )

    voted_on = match("t0-n00 t0-n01", {"t0-n00": 2}, "t0-n00", usage=used(80), seconds=2.0)
    spent = outcome(
        rollout("t0-n00", usage=used(100, 1.0), summary_usage=used(40, 0.5), seconds=3.0),
        rollout("t0-n01", usage=used(200, 2.0), summary_usage=used(60, 0.5), seconds=5.0),
        selections=(selection([voted_on]),),
        stages=(stage("rollouts", 6.0), stage("tournament", 1.5), stage("adopt", None)),
        usage=used(500, 9.0),
    )
    empty = ProblemOutcome("q", 1, ())
    run, told, voted, other = phases([spent, empty])

    assert (run.name, run.iteration, run.total_tokens, run.dollars) == ("rollouts", 0, 150.0, 1.5)
    assert (run.input_tokens, run.cached_tokens, run.output_tokens) == (130.0, 15.0, 5.0)
    assert (run.busy_seconds, run.wall_seconds) == (4.0, 3.0)
    assert (told.name, told.total_tokens, told.wall_seconds) == ("summaries", 50.0, None)
    assert (voted.name, voted.total_tokens, voted.dollars, voted.wall_seconds) == (
        ("votes", 40.0, None, 0.75)
    ), "a model without a price has no dollars"
    assert (other.name, other.total_tokens, other.dollars) == ("other", 10.0, None)
    assert phases([]) == ()


def test_wall_time_is_unknown_where_one_problem_does_not_tell_it() -> None:
    def ran(seconds: float | None) -> ProblemOutcome:
        return outcome(rollout("t0-n00"), stages=(stage("rollouts", seconds),))

    assert [phase.wall_seconds for phase in phases([ran(4.0), ran(2.0)])] == [3.0]
    assert [phase.wall_seconds for phase in phases([ran(4.0), ran(None)])] == [None]


def test_what_is_written_to_a_cache_is_input_and_what_is_read_from_it_is_not() -> None:
    used = Usage(
        input_tokens=10,
        cache_write_tokens=30,
        cache_read_tokens=500,
        output_tokens=4,
        total_tokens=544,
    )
    [found] = phases([outcome(rollout("t0-n00", usage=used))])
    assert (found.input_tokens, found.cached_tokens, found.output_tokens) == (40, 500, 4)

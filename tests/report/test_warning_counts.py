"""What is counted toward the warnings of a report, and shares at their ends."""

from test_warnings import rollout, selection, summary, vote

from inspect_tts.report.warnings import counts, plain_counts, run_warnings


def test_a_refined_rollout_counts_once_however_many_summaries_failed() -> None:
    failed = [rollout(i, summary=summary("failed", "why")) for i in range(2)]
    refined = rollout(2, context=("t0-n00", "t0-n01"))
    found = counts([*failed, refined], [])
    assert (found["refined", ""], found["contexts_failed", "-"]) == (1, 1)


def test_a_limit_is_named_by_its_type() -> None:
    found = counts([rollout(0, status="limit", limit="token", reason="1,234 of 1,000")], [])
    assert found["rollouts_limited", "token"] == 1
    found = counts([rollout(0, status="limit", reason="the context is full")], [])
    assert found["rollouts_limited", "the context is full"] == 1


def test_an_attempt_without_a_strategy_is_a_rollout() -> None:
    assert run_warnings([plain_counts(None)]) == ()
    [warning] = run_warnings([plain_counts("token"), plain_counts(None)])
    assert (warning.kind, warning.count, warning.total) == ("rollouts_limited", 1, 2)
    assert warning.causes == {"token": 1}


def test_a_grade_with_probabilities_is_not_sampled() -> None:
    graded = [vote(grade=3, expected_grade=3.2), vote(grade=4)]
    found = counts([], [selection(("grade", tuple(graded)))])
    assert (found["grades", ""], found["grades_sampled", "-"]) == (2, 1)


def test_a_trajectory_that_was_shortened_is_a_summary_that_was() -> None:
    found = counts([rollout(0, summary=summary("structured", shortened_to=100)), rollout(1)], [])
    assert (found["summaries", ""], found["summaries_cut", "-"]) == (2, 1)


def test_shares_are_told_at_their_ends() -> None:
    [rare] = run_warnings([{("rollouts", ""): 1000, ("rollouts_failed", "why"): 1}])
    assert rare.text.startswith("1 of 1000 rollouts was ended by an error (under 1 %): why")
    [more] = run_warnings([{("votes", ""): 1, ("votes_reasked", "-"): 3}])
    assert (more.share, more.causes) == (1.0, {})
    causes = {("rollouts_failed", "-"): 1, ("rollouts_failed", "why"): 1}
    [mixed] = run_warnings([{("rollouts", ""): 2, **causes}])
    assert mixed.causes == {"-": 1, "why": 1}

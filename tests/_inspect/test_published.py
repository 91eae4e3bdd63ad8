"""Our numbers among a sample's scores, names of scorers, and what holds outside of a sample."""

import pytest
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.scorer import Score, includes, match
from inspect_ai.util import LimitExceededError

from inspect_tts._inspect import (
    PublishedScores,
    TerminateSampleError,
    current_cache_scope,
    effective_config,
    model_cache_scope,
    own_scorer_names,
    sample_metadata,
    scorer_names,
)
from inspect_tts._inspect.scope import _cause


def test_our_numbers_follow_those_of_the_tasks_scorers() -> None:
    seen: list[list[str]] = []

    def publish(others: dict[str, Score]) -> Score:
        seen.append(sorted(others))
        return Score(value=float(len(others)))

    scores = PublishedScores("ours", publish)  # type: ignore[arg-type]
    assert scores["ours"].value == 0.0
    scores["one"] = Score(value=1)
    scores["other"] = Score(value=1)
    scores["one"] = Score(value=0)
    assert (scores["ours"].value, list(scores)) == (2.0, ["ours", "one", "other"])
    assert seen == [[], ["one"], ["one", "other"], ["one", "other"]]
    scores["ours"] = Score(value=9)
    assert (scores["ours"].value, len(seen)) == (9, 4)


def test_where_there_is_nothing_to_publish_nothing_is() -> None:
    scores = PublishedScores("ours", lambda others: None)
    scores["one"] = Score(value=1)
    assert list(scores) == ["one"]


def test_scorers_of_one_name_are_numbered_in_order() -> None:
    assert scorer_names([includes(), match(), includes(), includes()]) == [
        "includes",
        "match",
        "includes1",
        "includes2",
    ]
    assert scorer_names([]) == own_scorer_names() == []


def test_outside_of_a_sample_there_is_no_scope_and_no_metadata() -> None:
    assert (current_cache_scope(), sample_metadata()) == (0, {})
    with pytest.raises(RuntimeError, match="needs a running sample"), model_cache_scope(3):
        pass


def test_a_models_own_config_is_part_of_a_calls() -> None:
    model = get_model("mockllm/model", config=GenerateConfig(temperature=0.5), memoize=False)
    assert effective_config(model).temperature == 0.5


def limit() -> LimitExceededError:
    return LimitExceededError("token", value=2, limit=1)


ENDS: dict[str, tuple[list[Exception], type[Exception]]] = {
    "an error": ([ValueError()], ValueError),
    "the first of several": ([KeyError(), ValueError()], KeyError),
    "a limit before errors": ([ValueError(), limit()], LimitExceededError),
    "what ends the sample before all": (
        [ValueError(), limit(), TerminateSampleError("x")],
        TerminateSampleError,
    ),
}


@pytest.mark.parametrize(("errors", "kind"), ENDS.values(), ids=ENDS)
def test_of_several_errors_at_once_one_is_the_cause(
    errors: list[Exception], kind: type[Exception]
) -> None:
    assert type(_cause(ExceptionGroup("all", errors))) is kind
    nested = ExceptionGroup("outer", [ExceptionGroup("inner", [each]) for each in errors])
    assert type(_cause(nested)) is kind
    assert _cause(errors[0]) is errors[0]

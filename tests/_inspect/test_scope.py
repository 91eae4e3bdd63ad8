"""What a rollout starts with: of the limits that the strategy and the sample have, the smaller."""

from pathlib import Path

import pytest
from bad_ends import talks
from scripted import acting, pool, problem, run

from inspect_tts import rtv


@pytest.mark.parametrize(
    ("of_rollout", "of_sample", "applies"),
    [(7, None, 7), (None, 5, 5), (7, 5, 5), (5, 7, 5)],
    ids=["the rollout's", "the sample's", "the sample's is smaller", "the rollout's is smaller"],
)
def test_the_smaller_message_limit_ends_a_rollout(
    tmp_path: Path, of_rollout: int | None, of_sample: int | None, applies: int
) -> None:
    strategy = rtv(n=2, votes=1, agent=acting(talks), message_limit=of_rollout)
    found = pool(run(problem(), strategy, tmp_path, message_limit=of_sample)).rollouts
    assert [(r.status, r.limit, r.messages) for r in found] == [("limit", "message", applies)] * 2

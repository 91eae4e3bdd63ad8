"""Who advances without a match, over a whole tournament."""

from collections import Counter

import pytest
from test_selections import crowd, play


@pytest.mark.parametrize("keep", [1, 2, 3])
@pytest.mark.parametrize("group_size", [2, 3, 4])
def test_a_further_bye_goes_to_those_who_had_the_fewest(group_size: int, keep: int) -> None:
    repeated = 0
    for n in range(keep + 1, 24):
        for seed in range(5):
            _, rounds, _ = play("tournament", crowd(n), keep=keep, group_size=group_size, seed=seed)
            byes = Counter[str]()
            for groups in rounds:
                lucky = [group[0] for group in groups if len(group) == 1]
                judged = [name for group in groups if len(group) > 1 for name in group]
                repeated += bool(lucky and byes)
                assert all(byes[one] <= byes[other] for one in lucky for other in judged)
                byes.update(lucky)
    assert repeated or group_size > 2, "only pairs force byes in several rounds"

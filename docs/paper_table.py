"""The paper's Table 1 from logs: mean scores by model, and what the method gained.

    python docs/paper_table.py logs/

Needs runs of `pdr_rtv` with `-S score_rollouts=true`, and `pip install -e '.[report]'`.
"""

import sys

import pandas as pd

from inspect_tts import problems_df

COLUMNS = {
    "pass_1": "iter 0",
    "select_k": "select-K",
    "refined": "iter 1",
    "selected": "final",
}


def paper_table(problems: pd.DataFrame) -> pd.DataFrame:
    """Average problems into the shape of the paper's main table.

    Args:
        problems: As from `problems_df`.

    Returns:
        One row for each task and model, in %. Problems that lack a number are left out.
    """
    known = problems.dropna(subset=list(COLUMNS))
    # a problem that ran in several epochs counts once
    epochs = known.groupby(["task", "model", "id"])[list(COLUMNS)].mean()
    table = 100 * epochs.groupby(["task", "model"]).mean().rename(columns=COLUMNS)
    table["gain"] = table["final"] - table["iter 0"]
    table["problems"] = epochs.groupby(["task", "model"]).size()
    return table


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("give folders with logs, or logs: python docs/paper_table.py logs/")
    found = paper_table(problems_df(sys.argv[1:]))
    if found.empty:
        sys.exit("no problem has all columns: run pdr_rtv with -S score_rollouts=true")
    print(found.round(2).to_string())

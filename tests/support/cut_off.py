"""A run that can be cut off and continued: `python cut_off.py LOG_DIR SANDBOX [OPTIONS]`.

It continues the newest log of the folder, or begins. The model, the agent and the judge depend on
nothing but who is asked what, so that two runs can be compared; each of their calls adds a line to
`calls` in the folder. `CUT_OFF_AT=n` kills the process at the n-th call, as `kill -9` does. With
the option `scaled` rollouts are samples.
"""

import json
import os
import signal
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval, eval_retry, task
from inspect_ai.dataset import Sample
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import sandbox

from inspect_tts import bash_agent, pdr_rtv
from inspect_tts._inspect import current_cache_scope
from inspect_tts.scaled.task import scaled
from inspect_tts.text.summary import SummaryContent

SAMPLES_AT_ONCE = 3
"""Where rollouts are samples."""
SETUP = """git init -q . && echo start > notes && git add -A
git -c user.name=a -c user.email=a@b commit -qm start"""


def lot(*parts: object) -> int:
    return int(sha256("/".join(map(str, parts)).encode()).hexdigest()[:8], 16)


class SteadyAPI(ModelAPI):
    """Answers by role and scope alone."""

    calls = 0

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        prompt, scope = input[0].text + input[-1].text, current_cache_scope()
        turn = sum(isinstance(message, ChatMessageAssistant) for message in input)
        role = "agent"
        if "<trajectory>" in prompt:
            role, output = "summarizer", self._summary(prompt)
        elif "<solution_1>" in prompt:
            role, output = "judge", say(f"Final verdict: Solution {lot(scope) % 2 + 1}")
        elif turn == 0:
            number = lot(scope) % 100
            command = f"sleep 0.2; echo {number} > answer; git rm -q notes"
            command += "; { echo x > /tmp/x; } 2>/dev/null"  # others may have made it
            output = ModelOutput.for_tool_call("steady", "bash", {"command": command})
        else:
            output = ModelOutput.for_tool_call(
                "steady", "submit", {"answer": str(lot(scope) % 100)}
            )
        output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
        self._note(role, scope, turn)
        return output

    def _summary(self, prompt: str) -> ModelOutput:
        state = prompt.partition("<trajectory>")[2][:300]
        return say(
            SummaryContent(requirements=[], strategy="s", final_state=state).model_dump_json()
        )

    def _note(self, *call: object) -> None:
        with Path(os.environ["CUT_OFF_CALLS"]).open("a", encoding="utf-8") as calls:
            calls.write(json.dumps(call) + "\n")
        SteadyAPI.calls += 1
        if SteadyAPI.calls == int(os.environ.get("CUT_OFF_AT", "0")):
            os.kill(os.getpid(), signal.SIGKILL)


def say(text: str) -> ModelOutput:
    return ModelOutput.from_content("steady", text)


@modelapi(name="steady")
def steady() -> type[ModelAPI]:
    return SteadyAPI


@scorer(metrics=[accuracy()])
def answer_file() -> Scorer:
    """The number in the file, where the rest of the folder is as the agent left it."""

    async def score(state: TaskState, target: Target) -> Score:
        found = await sandbox().exec(["sh", "-c", "cat answer; git status --porcelain; cat notes"])
        number, *rest = found.stdout.split("\n")
        said = state.output.completion.split()[-1]
        as_left = rest == ["D  notes", "?? answer", ""] and number == said
        return Score(value=int(number) if as_left else -1)

    return score


@task
def steps(name: str, kind: str, config: str | None = None) -> Task:
    return Task(
        name=name,
        dataset=[Sample(id=id, input=f"Problem {id}", setup=SETUP) for id in ("a", "b")],
        solver=bash_agent(),
        scorer=answer_file(),
        sandbox=(kind, config) if config else kind,
    )


def main() -> None:
    folder, name, kind, *rest = sys.argv[1:]
    config, options = rest[0] if rest else "", json.loads(rest[1]) if rest[1:] else {}
    begun = list_eval_logs(folder)
    quiet: dict[str, Any] = {"log_dir": folder, "display": "none", "ctl_server": False}
    if begun:
        eval_retry(read_eval_log(begun[0], header_only=True), **quiet)
    else:
        as_samples = options.pop("scaled", False)
        given = {"n": 4, "top_k": 2, "votes": 3, "seed": 5, **options}
        of_task: dict[str, Any] = {"name": name, "kind": kind, "config": config or None}
        if as_samples:
            tasks = scaled(task=f"{__file__}@steps", task_args=of_task, strategy_args=given)
            quiet["max_samples"] = SAMPLES_AT_ONCE
        else:
            tasks = steps(**of_task)
            quiet |= {"solver": pdr_rtv(**given, score_rollouts=True), "log_buffer": 1}
        eval(tasks, model="steady/model", **quiet)


if __name__ == "__main__":
    main()

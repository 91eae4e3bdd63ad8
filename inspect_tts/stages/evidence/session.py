"""Run checks on one result after another, in a fresh sandbox of the problem."""

from collections import Counter
from dataclasses import dataclass, field
from logging import getLogger
from shlex import quote
from time import monotonic

from inspect_ai.log import EvalSpec
from inspect_ai.solver import Generate, TaskState
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts.execution.junit import passed_tests
from inspect_tts.execution.outputs import comparable, digest
from inspect_tts.execution.paths import TREE
from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.rollout.saved_keys import check_key
from inspect_tts.rollout.source import Place
from inspect_tts.text.trajectory import elide
from inspect_tts.text.writable import writable
from inspect_tts.workspace.tree import NOT_RUN, RawRun, Tree, TreeError

from .fresh import FreshSandbox, open_fresh

logger = getLogger(__name__)

MOST_SANDBOXES = 4
"""The most sandboxes for one problem; a check may break the one that it runs in."""
REFUSED = "was not run, as other checks broke their sandbox"
"""`CheckRun.problem` if the result, or the check's only author, has broken a sandbox before."""
KEPT_CHARS = 20_000
"""Characters of a check's output that are kept until its excerpt is made."""


@dataclass
class Session:
    """Runs checks on trees, and reuses the runs that this sample or an earlier run has made."""

    state: TaskState
    generate: Generate
    spec: EvalSpec
    sandbox: SandboxEnvironmentSpec
    place: Place
    saved: SavedResults
    known: dict[str, CheckRun]
    """Runs of this sample, by key."""
    patches: dict[str, str]
    """By tree, the patch to put on the start state; the untouched tree has no entry."""
    seconds: float
    """Time limit of a check."""
    opened: int = 0
    switching: float = 0.0
    """Seconds that the last change of the tree took."""
    unfit: dict[str, str] = field(default_factory=dict)
    """Trees whose patch does not apply, and why."""
    refused: set[str] = field(default_factory=set)
    """Rollouts whose commands broke a sandbox."""
    strikes: Counter[str] = field(default_factory=Counter)
    """By result, how strongly it is suspected of breaking sandboxes; at 2, nothing more is run."""
    _ran: tuple[Check, str] | None = None
    """The check that ran last in the open sandbox, and its tree."""
    _box: FreshSandbox | None = None
    _on: str | None = None
    """The result that is on the tree now; None if the tree must be restored first."""

    @property
    def _where(
        self,
    ) -> tuple[TaskState, Generate, EvalSpec, SandboxEnvironmentSpec, Place]:
        return self.state, self.generate, self.spec, self.sandbox, self.place

    async def open(self) -> Tree:
        """The tree of the open sandbox; opens a sandbox if there is none."""
        if self._box is not None:
            return self._box.tree
        if self.opened == MOST_SANDBOXES:
            raise TreeError(f"{MOST_SANDBOXES} sandboxes were broken by checks")
        self.opened += 1
        self._box = await open_fresh(*self._where, purpose=f"evidence {self.opened}")
        self._on, self._ran = UNTOUCHED, None
        return self._box.tree

    async def close(self) -> None:
        """Close the sandbox, if one is open."""
        fresh, self._box = self._box, None
        if fresh is not None:
            await fresh.close()

    async def run(self, check: Check, tree: str, repeat: int = 0) -> CheckRun | None:
        """Run a check on a tree; None if the tree's patch does not apply."""
        patch = self.patches.get(tree, "")
        key = check_key(
            self.spec,
            self.sandbox,
            self.place,
            check,
            patch=patch,
            repeat=repeat,
            seconds=self.seconds,
        )
        if key not in self.known:
            done = await self._fresh(check, tree, repeat, key, patch)
            if done is None or done.problem == REFUSED:
                return done
            self.known[key] = done
        return self.known[key].model_copy(update={"check": check.id, "tree": tree})

    async def _fresh(
        self, check: Check, tree: str, repeat: int, key: str, patch: str
    ) -> CheckRun | None:
        def fits(run: CheckRun) -> None:
            if run.repeat != repeat:
                raise ValueError(f"it is run {run.repeat} of its check, not {repeat}")

        known = await self.saved.get("check", key, CheckRun, fits)
        if known is not None:
            return known.model_copy(update={"reused": True})
        not_run = CheckRun(check=check.id, tree=tree, repeat=repeat, problem=REFUSED)
        if self.refuses(check, tree):
            return not_run
        if not await self._put(tree, patch):
            return None
        if self.refuses(check, tree):  # restoring the tree may have shown that it broke the sandbox
            return not_run
        done = await self._run(check, tree, repeat)
        if done.problem == NOT_RUN and self.opened == 1:  # the sandbox may have died by itself
            await self.close()
            await self._put(tree, patch)
            done = await self._run(check, tree, repeat)
        await self.saved.put("check", key, done)
        return done

    def refuses(self, check: Check, tree: str = UNTOUCHED) -> bool:
        """Whether a check is not run because its only author, or the result, broke a sandbox."""
        return _only_author(check) in self.refused or self.strikes[tree] >= 2

    def _blame(self) -> None:
        """Blame what ran last in a broken sandbox: the check's only author, if any, and the result.

        A result is blamed less if the check has one author.
        """
        if self._ran is None:
            return
        check, tree = self._ran
        author = _only_author(check)
        if author is not None:
            self.refused.add(author)
        if tree != UNTOUCHED:
            self.strikes[tree] += 1 if author is not None else 2

    async def _put(self, tree: str, patch: str) -> bool:
        """Put a result on the tree, unless it is there already; False if it does not fit."""
        if tree in self.unfit:
            return False
        here = await self.open()
        if self._on != tree:
            began = monotonic()
            if self._on != UNTOUCHED:
                here = await self._restored(here)
            if tree != UNTOUCHED and (reason := await self._fits(here, patch)) is not None:
                self.unfit[tree], self._on = reason, None
                return False
            self._on, self.switching = tree, monotonic() - began
        return True

    async def _fits(self, here: Tree, patch: str) -> str | None:
        """Put a patch on the tree, in a new sandbox if necessary; return why it does not fit."""
        try:
            return await here.put(patch)
        except (TreeError, TimeoutError) as error:
            logger.warning(f"a sandbox for evidence is replaced by a new one: {error}")
        await self.close()
        try:
            return await (await self.open()).put(patch)
        except (TreeError, TimeoutError) as error:
            return f"its patch could not be put on the tree: {error}"

    async def _restored(self, here: Tree) -> Tree:
        try:
            await here.restore()
        except (TreeError, TimeoutError) as error:
            logger.warning(f"a sandbox for evidence is replaced by a new one: {error}")
            self._blame()
            await self.close()
            here = await self.open()
        self._on = UNTOUCHED
        return here

    async def _run(self, check: Check, tree: str, repeat: int) -> CheckRun:
        here = await self.open()
        command = check.command.replace(TREE, here.top)
        if check.junit:
            command = f"{_as_it_was(check, here)}\n{command} --junitxml={quote(here.report)}"
        files = {path: text.replace(TREE, here.top) for path, text in check.files.items()}
        folder = check.folder if check.origin != "user" else here.home
        self._ran = check, tree
        raw, clean = await here.run(command, folder=folder, files=files, seconds=self.seconds)
        if not clean:
            self._on = None
        return run_record(check, tree, repeat, raw, here.top)


def _only_author(check: Check) -> str | None:
    return check.authors[0] if check.origin == "rollout" and len(check.authors) == 1 else None


def _as_it_was(check: Check, here: Tree) -> str:
    """A shell command that restores the check's test file if a result has changed it."""
    before, now = f"{here.own}/start/{check.folder}/{check.name}", check.name
    return f"cmp -s {quote(before)} {quote(now)} || cp -p {quote(before)} {quote(now)}"


def run_record(check: Check, tree: str, repeat: int, raw: RawRun, top: str) -> CheckRun:
    """The record of a run in a workspace at `top`."""
    text = writable(comparable(raw.output, top=top))
    return CheckRun(
        check=check.id,
        tree=tree,
        repeat=repeat,
        returncode=raw.returncode,
        seconds=round(raw.seconds, 2),
        digest=digest(raw.returncode, text),
        output=elide(text, KEPT_CHARS),
        size=len(raw.output),
        problem=raw.problem,
        edited=tuple(map(writable, raw.edited)),
        passed=passed_tests(raw.report) if check.junit and raw.report else None,
    )

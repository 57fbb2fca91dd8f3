"""A pytest plugin that asks the collected tests about mutants, a process for each.

mutmut makes the mutants: each function stands beside its mutated copies. mutmut would
start pytest anew for each of the thousands, and would send every call through a switch,
which costs more than the tests. Here the tests are collected once, and every mutant is
a fork of that moment, in which one function gets the code of its mutated copy: no test
has run, no cache remembers anything, and all else is as quick as ever.

What runs at import has run unmutated then. A mutant of a function that runs nowhere
else is asked by a new process, which imports everything as the mutant.
"""

import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import pytest
from hypothesis import Phase, settings
from mutmut.mutation import trampoline
from mutmut.mutation.trampoline_templates import mangle_function_name
from mutmut.utils.format_utils import mangled_name_from_mutant_name

KILLED, SURVIVED, TIMEOUT, BROKEN = "killed", "survived", "timeout", "broken"
# Slow tests that say little about a mutant: that nothing raises, that much is quick,
# that the data which comes along is clean.
SKIPPED = (
    "test_lint_never_raises",
    "test_everything_at_its_limit_is_quick",
    "test_managed_policies_of_aws_have_no_mfa_pitfall",
    "test_the_managed_policies_of_this_house_are_clean",
)
SLOWEST, SLOWEST_OF = "test_an_expensive_question_is_explained", ("explain", "change")
# The tests of messages, which most mutants of these modules change.
_PARSERS = "arn_checks checks fault loader parse principal_checks shape values"
WORDS = dict.fromkeys(_PARSERS.split(), "test_document_faults.py")
# A test may take so much longer than it did unmutated, in seconds of the processor.
LEAST, TIMES = 5.0, 10.0
ANEW, MEMORY = 120, 4 << 30

ANSWERS = {
    0: SURVIVED,
    5: SURVIVED,  # pytest found no test to run
    99: BROKEN,
    -signal.SIGPROF: TIMEOUT,
    -signal.SIGXCPU: TIMEOUT,
    -signal.SIGKILL: TIMEOUT,
}

_name = os.environ.get("MUTANT_UNDER_TEST", "")
_places: dict[str, tuple[FunctionType, dict[str, Any]]] = {}
_switch = trampoline.wrap_in_trampoline
# The first failing example will do.
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
)


def pytest_configure() -> None:
    """The same examples each time; functions stay as they are until one is changed."""
    gc.disable()
    settings.load_profile("mutation")
    trampoline.wrap_in_trampoline = placed


def placed(copies: dict[str, Any], is_classmethod: bool = False) -> Any:  # noqa: FBT002 - as mutmut calls it
    """A decorator that notes where a function is, for `become`.

    The mutant that this whole process is about runs from its definition on.
    """

    def note(function: FunctionType) -> Any:
        outer, _, name = function.__qualname__.rpartition(".")
        mangled = mangle_function_name(name=name, class_name=outer or None)
        full = f"{function.__module__}.{mangled}"
        if _name and mangled_name_from_mutant_name(_name) == full:
            return _switch(copies, is_classmethod)(function)
        _places[full] = function, copies
        return function

    return note


def become(name: str) -> None:
    """Give a function the code of its mutated copy; number 0 is the original's."""
    function, copies = _places[mangled_name_from_mutant_name(name)]
    copy = copies["_mutmut_orig" if name.endswith("_0") else name.rpartition(".")[2]]
    copy = getattr(copy, "__func__", copy)
    function.__code__ = copy.__code__
    function.__defaults__ = copy.__defaults__
    function.__kwdefaults__ = copy.__kwdefaults__


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Ask about each mutant of the list in place of running the tests once."""
    if _name:
        session.items[:] = arranged(session.items, _name)
        return None
    session.items[:] = [one for one in session.items if not is_skipped(one)]
    work = Path(os.environ["OSTIARY_MUTATION"])
    mutants = json.loads((work / "mutants.json").read_text())
    gc.collect()
    gc.freeze()
    asked = Asked(items=session.items)
    asked.cover()
    (work / "coverage.json").write_text(json.dumps(asked.told(), indent=1))
    answers: dict[str, str] = {}
    for name, answer in asked.answers(mutants, int(os.environ["OSTIARY_WORKERS"])):
        answers[name] = answer
        if answer != KILLED or not len(answers) % 100:
            print(f"{len(answers)}/{len(mutants)} {answer}: {name}", flush=True)
    (work / "answers.json").write_text(json.dumps(answers, indent=1))
    return True


def is_skipped(item: pytest.Item) -> bool:
    """Whether no mutant is asked this test."""
    return item.name.startswith(SKIPPED)


def arranged(items: Iterable[pytest.Item], name: str) -> list[pytest.Item]:
    """Without the idle ones; first the module's own tests, then the corpus."""
    module = name.rpartition(".")[0].rpartition(".")[2]
    words = WORDS.get(module) or "test_lint_cases.py"
    first = (f"test_{module}.py", words, "corpus.py")

    def is_idle(item: pytest.Item) -> bool:
        is_of_lint = item.path.name.startswith("test_lint")
        misses = is_of_lint and not module.startswith("lint")
        waits = item.name == SLOWEST and module not in SLOWEST_OF
        return misses or waits or is_skipped(item)

    def place(item: pytest.Item) -> int:
        file = item.path.name
        return first.index(file) if file in first else len(first)

    return sorted((one for one in items if not is_idle(one)), key=place)


@dataclass(slots=True, kw_only=True)
class Asked:
    """The collected tests, ready to be asked.

    Attributes:
        items: the tests
        seconds: what each test took, by its number
        tests: which tests call a function, by their numbers
    """

    items: list[pytest.Item]
    seconds: list[float] = field(default_factory=list)
    tests: dict[str, list[int]] = field(default_factory=dict)

    def told(self) -> dict[str, list[str]]:
        """Which tests call a function, by their ids."""
        return {
            name: [self.items[number].nodeid for number in numbers]
            for name, numbers in sorted(self.tests.items())
        }

    def cover(self) -> None:
        """Run every test once, in a process of its own, and note what it calls."""
        read, write = os.pipe()
        pid = os.fork()
        if not pid:
            with os.fdopen(write, "w") as out:
                json.dump([covered(item) for item in self.items], out)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as told:
            text = told.read()
        os.waitpid(pid, 0)
        if not text:
            pytest.exit("a test fails although nothing is mutated", returncode=1)
        found = json.loads(text)
        for number, (seconds, functions) in enumerate(found):
            self.seconds.append(seconds)
            for function in functions:
                self.tests.setdefault(function, []).append(number)

    def answers(
        self, mutants: Iterable[str], workers: int
    ) -> Iterator[tuple[str, str]]:
        """Each mutant's name and what became of it, as soon as it is known."""
        running: dict[int, str] = {}
        for name in mutants:
            if len(running) == workers:
                yield reaped(running)
            pid = os.fork()
            if not pid:
                with suppress(Exception):
                    self._be(name)
                os._exit(99)
            running[pid] = name
        while running:
            yield reaped(running)

    def _be(self, name: str) -> None:
        """Be the mutant; the exit status says whether a test noticed."""
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        become(name)
        empty_caches()
        tests = self.tests.get(mangled_name_from_mutant_name(name), ())
        numbers = {id(self.items[one]): one for one in tests}
        chosen = [one for one in self.items if id(one) in numbers]
        chosen.sort(key=lambda one: self.seconds[numbers[id(one)]])
        for item in arranged(chosen, name):
            limit = LEAST + TIMES * self.seconds[numbers[id(item)]]
            signal.setitimer(signal.ITIMER_PROF, limit)
            if not run(item):
                os._exit(1)
        signal.setitimer(signal.ITIMER_PROF, 0)
        if chosen and "OSTIARY_ANEW" not in os.environ:
            os._exit(0)
        used = int(time.process_time()) + ANEW
        resource.setrlimit(resource.RLIMIT_CPU, (used, used))
        os.environ["MUTANT_UNDER_TEST"] = name
        command = [sys.executable, "-m", "pytest", "-x", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def reaped(running: dict[int, str]) -> tuple[str, str]:
    """The next mutant that is done, and what became of it."""
    pid, status = os.wait()
    code = os.waitstatus_to_exitcode(status)
    return running.pop(pid), ANSWERS.get(code, KILLED)


def covered(item: pytest.Item) -> tuple[float, list[str]]:
    """How long a test takes, and which functions it calls."""
    names = {function.__code__: name for name, (function, _) in _places.items()}
    seen = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            seen.add(names[frame.f_code])

    empty_caches()
    begun = time.process_time()
    sys.setprofile(note)
    passed = run(item)
    sys.setprofile(None)
    if not passed:
        print(f"\nfails unmutated: {item.nodeid}", flush=True)
        os._exit(1)
    return time.process_time() - begun, sorted(seen)


def run(item: pytest.Item) -> bool:
    """Whether the test passes."""
    before = item.session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    return item.session.testsfailed == before


def empty_caches() -> None:
    """What the engine remembers, forgotten: who covers a function is then the truth."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ostiary.policy"):
            for one in vars(module).values():
                if isinstance(one, _lru_cache_wrapper):
                    one.cache_clear()

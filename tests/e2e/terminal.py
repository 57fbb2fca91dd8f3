"""Programs at a terminal: they prompt, somebody types."""

import os
import pty
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 60


@dataclass(frozen=True)
class Done:
    """How a program ended, and everything that the terminal showed."""

    status: int
    shown: str


def converse(
    arguments: list[str], environment: dict[str, str], *answers: tuple[str, str]
) -> Done:
    """Run a program at a terminal of its own, and type each answer at its prompt.

    Args:
        arguments: the command line.
        environment: its whole environment.
        answers: what to wait for, and what to type then, in order.

    Raises:
        AssertionError: a prompt did not come, or the program did not end.
    """
    program = arguments[0]
    child, terminal = pty.fork()
    if child == 0:
        os.execve(program, arguments, environment)  # noqa: S606 - a test's own program
    shown = b""
    waiting = list(answers)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last writer is gone.
            break
        if not piece:
            break
        shown += piece
        if waiting and waiting[0][0].encode() in shown:
            os.write(terminal, waiting.pop(0)[1].encode() + b"\n")
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = shown.decode(errors="replace").replace("\r\n", "\n")
    assert not waiting, (
        f"`{Path(program).name}` never asked for {waiting[0][0]!r}:\n{text}"
    )
    return Done(status, text)

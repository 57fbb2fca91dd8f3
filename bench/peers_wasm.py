"""cedar-wasm: Cedar in node, through its policy sets parsed beforehand.

It has no handle for entities, so they are read at each call. Node keeps its own clock:
a figure is wall time between the first and the last decision of a batch.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench.engine import Case, Row
from bench.peers import CannotError
from bench.peers_cedar import entities_of, policies_of, request_of

_SCRIPT = Path(__file__).with_suffix(".mjs")
_HOME = Path(__file__).parents[1] / ".venv" / "bench-node"
_PACKAGE = _HOME / "node_modules" / "@cedar-policy" / "cedar-wasm"
_SAMPLE = 200


class Node:
    """A node process that decides."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None or not _PACKAGE.is_dir():
            raise CannotError("node or @cedar-policy/cedar-wasm is not installed")
        package = json.loads((_PACKAGE / "package.json").read_text())
        self.name = f"cedar-wasm {package['version']}"
        self._process = subprocess.Popen(
            [node, str(_SCRIPT), str(_HOME)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._count = 1

    def ready(self, row: Row) -> int:
        """Parse the policies of a row, check every answer, and count them."""
        cases = row.cases[:_SAMPLE]
        answers = self._ask({"cases": list(map(_told, cases))})
        right = ["allow" if case.allowed else "deny" for case in cases]
        assert answers == right, row.name
        self._count = len(cases)
        return self._count

    def microseconds(self, passes: int) -> float:
        """The time of one decision, over some passes through the row."""
        spent: float = self._ask({"passes": passes})
        return spent * 1e3 / passes / self._count

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _ask(self, message: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _told(case: Case) -> dict[str, Any]:
    return {
        "policies": policies_of(case),
        "entities": entities_of(case),
        "request": request_of(case),
    }

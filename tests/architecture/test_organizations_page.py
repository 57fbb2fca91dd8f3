"""docs/organizations.md names each operation of the service once, as it is registered."""

import json
import re
from pathlib import Path

from ostiary.gate.rows import rows_of
from ostiary.services.organizations.operations import OPERATIONS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/organizations.md"
MODEL = ROOT / "src/ostiary/data/models/organizations.json"


def test_the_table_is_what_is_registered() -> None:
    """The second column holds what is served, the third what is refused; none is lacking."""
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## Operations\n")
    served: list[str] = []
    refused: list[str] = []
    for line in table.splitlines()[3:]:
        cells = line.split("|")
        if len(cells) == 5:
            served += re.findall(r"[A-Z]\w{7,}", cells[2])
            refused += re.findall(r"[A-Z]\w{7,}", cells[3])
    known = set(json.loads(MODEL.read_text(encoding="utf-8"))["operations"])
    refused = [name for name in refused if name in known]

    assert sorted(served) == sorted(OPERATIONS)
    assert sorted(refused) == sorted(rows_of("organizations").refused)
    assert known == set(served) | set(refused)

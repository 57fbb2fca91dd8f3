"""`make bench`: every benchmark, one after the other; results as JSON files."""

import importlib
import json
import platform
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
NAMES = ("decide", "wire", "inside", "serve", "store")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    RESULTS.mkdir(exist_ok=True)
    for name in names or NAMES:
        module = importlib.import_module(f"bench.{name}")
        print(f"== {name}", flush=True)
        figures = module.run()
        figures["machine"] = {
            "python": platform.python_version(),
            "cpu": platform.processor() or platform.machine(),
        }
        text = json.dumps(figures, indent=2, default=str)
        print(text)
        if figures.get("absent"):
            print(f"bench/results/{name}.json stays: a peer is not there", flush=True)
            continue
        (RESULTS / f"{name}.json").write_text(text + "\n")


main(sys.argv[1:])

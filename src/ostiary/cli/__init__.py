"""The console script. Commands import what they need when they run: start-up counts."""

import sys


def main() -> None:
    """Run the command line."""
    from ostiary.cli.app import app  # noqa: PLC0415 - see above

    sys.exit(app())

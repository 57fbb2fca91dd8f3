"""The console script. Commands import what they need when they run: start-up counts."""

import gc
import sys

from ostiary.cli.start import read_serve


def main() -> None:
    """Run the command line."""
    options = read_serve(sys.argv[1:])
    if options is not None:
        # Until all is loaded, there is nothing to collect; see `keep_loaded`.
        gc.disable()
        from ostiary.cli.serving import serve  # noqa: PLC0415 - see above

        try:
            serve(**options)
        except KeyboardInterrupt:
            sys.exit(1)
        return
    from ostiary.cli.app import app  # noqa: PLC0415 - see above

    sys.exit(app())

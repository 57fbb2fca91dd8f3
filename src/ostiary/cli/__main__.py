"""`python -m ostiary.cli`."""

from ostiary.cli import main

main()

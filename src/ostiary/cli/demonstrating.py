"""`ostiary demo`."""

from importlib.util import find_spec

from ostiary.cli.opening import stop


def run(*, as_json: bool) -> int:
    """Play the scenarios; 1 on any difference from the guide."""
    if find_spec("boto3") is None or find_spec("moto") is None:
        raise stop("the demo needs boto3 and moto: `pip install ostiary[sandbox]`")
    from ostiary.demo.play import run as play  # noqa: PLC0415 - see above
    from ostiary.demo.stage import StageError  # noqa: PLC0415 - see above

    try:
        return play(as_json=as_json)
    except StageError as error:
        raise stop(str(error)) from None

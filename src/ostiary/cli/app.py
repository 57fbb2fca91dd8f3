"""The commands: what they take and print. What they do stands on the floors below.

Exit status: 0 fine, 1 a finding or a refusal, 2 misuse. Errors go to standard error.
"""

import enum
import json
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ostiary.cli.start import DEFAULTS

app = typer.Typer(
    help="An AWS-compatible IAM and STS, and the door in front of your services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
accounts = typer.Typer(help="Accounts of this installation.", no_args_is_help=True)
devices = typer.Typer(help="MFA devices and their codes.", no_args_is_help=True)
app.add_typer(accounts, name="account")
app.add_typer(devices, name="mfa")
audits = typer.Typer(help="The audit log.", no_args_is_help=True)
keys = typer.Typer(help="The keys that seal session tokens.", no_args_is_help=True)
app.add_typer(audits, name="audit")
app.add_typer(keys, name="keys")

HomeOption = Annotated[
    Path | None, typer.Option(help="The home folder; overrides OSTIARY_HOME.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fail(message: str, status: int = 1) -> NoReturn:
    """Print an error and stop."""
    print(f"ostiary: {message}", file=sys.stderr)
    raise typer.Exit(status)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULTS["host"],
    port: Annotated[int, typer.Option(help="Port of the API.")] = DEFAULTS["port"],
    console_port: Annotated[int, typer.Option(help="Port of the console.")] = DEFAULTS[
        "console_port"
    ],
    home: HomeOption = DEFAULTS["home"],
    workers: Annotated[int, typer.Option(min=1, help="API processes.")] = DEFAULTS[
        "workers"
    ],
) -> None:
    """Serve the API of every service, enforcing, until stopped."""
    from ostiary.cli import serving  # noqa: PLC0415 - start-up counts

    serving.serve(host, port, console_port, home, workers)


@accounts.command("create")
def account_create(
    name: Annotated[str, typer.Argument(help="Also the profile's name.")],
    account_id: Annotated[
        str, typer.Option(help="Twelve digits; random when left out.")
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account with a root access key, also while a server runs."""
    from ostiary.cli import accounts as act  # noqa: PLC0415 - start-up counts

    act.create(name, account_id, home, as_json=as_json)


@accounts.command("list")
def account_list(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the accounts."""
    from ostiary.cli import accounts as act  # noqa: PLC0415 - start-up counts

    act.show(home, as_json=as_json)


@accounts.command("reopen")
def account_reopen(
    account_id: Annotated[str, typer.Argument(help="Twelve digits.")],
    home: HomeOption = None,
) -> None:
    """Take the credentials of a closed account again, also while a server runs."""
    from ostiary.cli import accounts as act  # noqa: PLC0415 - start-up counts

    act.reopen(account_id, home)


@devices.command("code")
def mfa_code(
    seed: Annotated[str, typer.Argument(help="The device's seed, in Base32.")],
    two: Annotated[
        bool, typer.Option("--two", help="The code before it, too: to enable a device.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the current token code of a seed: a stand-in for the phone."""
    from ostiary.cli import mfa  # noqa: PLC0415 - start-up counts

    mfa.code(seed, two=two, as_json=as_json)


@devices.command("register")
def mfa_register(
    seed: Annotated[str, typer.Option(help="The device's seed, in Base32.")],
    serial: Annotated[
        str, typer.Argument(help="The printed serial number; for root optional.")
    ] = "",
    account_id: Annotated[
        str, typer.Option(help="The account; the first one when left out.")
    ] = "",
    root: Annotated[
        bool, typer.Option("--root", help="Give it to the root user.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Make a hardware device known: serial and seed come with it, out of band."""
    from ostiary.cli import mfa  # noqa: PLC0415 - start-up counts

    mfa.register(serial, seed, account_id, home, root=root)


@app.command()
def decide(
    file: Annotated[
        Path | None, typer.Argument(help="Cases as JSON lines; else standard input.")
    ] = None,
) -> None:
    """Decide cases, one JSON line each, in order, as soon as each is decided."""
    from ostiary.cli import deciding  # noqa: PLC0415 - start-up counts

    raise typer.Exit(deciding.run(file))


@app.command()
def why(
    request_id: Annotated[str, typer.Argument(help="From an answer or an error.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell why a request was allowed or refused."""
    from ostiary.cli import explaining  # noqa: PLC0415 - start-up counts

    raise typer.Exit(explaining.run(request_id, home, as_json=as_json))


class PolicyKind(enum.StrEnum):
    """What `lint --kind` takes."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"


@app.command()
def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Policies; else standard input.")
    ] = None,
    kind: Annotated[
        PolicyKind | None, typer.Option(help="Their kind; guessed when left out.")
    ] = None,
    role: Annotated[
        bool, typer.Option("--role", help="They are a role's own policies.")
    ] = False,
    as_json: JsonOption = False,
    as_sarif: Annotated[
        bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code hosts.")
    ] = False,
) -> None:
    """Find what is wrong with policies, and what only looks right."""
    if as_json and as_sarif:
        fail("`--json` and `--sarif` exclude each other", 2)
    from ostiary.cli import linting  # noqa: PLC0415 - start-up counts

    form = "sarif" if as_sarif else "json" if as_json else "text"
    raise typer.Exit(linting.run(files or [], kind, for_role=role, form=form))


@app.command("import")
def import_account(  # noqa: PLR0913, PLR0917 - typer reads the options from the signature
    file: Annotated[
        str,
        typer.Argument(
            help="What `aws iam get-account-authorization-details` printed; "
            "`-` is standard input."
        ),
    ],
    name: Annotated[
        str, typer.Option(help="What a new account is called; its id by default.")
    ] = "",
    access_keys: Annotated[
        Path | None,
        typer.Option(
            help="A new file: access keys for the file's users who have none."
        ),
    ] = None,
    replace_aws_policies: Annotated[
        bool,
        typer.Option(
            "--replace-aws-policies",
            help="Take AWS's policies from the file, for all accounts.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make users, groups, roles and policies as in an AWS account."""
    from ostiary.cli import importing  # noqa: PLC0415 - start-up counts

    options = importing.Options(
        file=file,
        account_name=name,
        key_file=access_keys,
        replace_aws=replace_aws_policies,
        dry_run=dry_run,
        as_json=as_json,
    )
    raise typer.Exit(importing.run(options, home))


@app.command()
def demo(as_json: JsonOption = False) -> None:
    """Play the three scenarios of the guide against a fresh server."""
    from ostiary.cli import demonstrating  # noqa: PLC0415 - start-up counts

    raise typer.Exit(demonstrating.run(as_json=as_json))


@audits.command("verify")
def audit_verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check that no audit record was edited, removed or reordered."""
    from ostiary.cli import upkeeping  # noqa: PLC0415 - start-up counts

    raise typer.Exit(upkeeping.verify(home, as_json=as_json))


@keys.command("rotate")
def keys_rotate(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Seal new session tokens with a new key; old tokens stay valid."""
    from ostiary.cli import upkeeping  # noqa: PLC0415 - start-up counts

    raise typer.Exit(upkeeping.rotate(home, as_json=as_json))


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as read  # noqa: PLC0415 - start-up counts

    print(json.dumps({"ostiary": read("ostiary")}))

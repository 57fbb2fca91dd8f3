"""All scenarios, in order, on one stage."""

from ostiary.demo import cross_account, resource_policy, same_account
from ostiary.demo.people import Account
from ostiary.demo.report import Report
from ostiary.demo.stage import FIRST_ACCOUNT, Stage, fresh_stage


def run(*, as_json: bool) -> int:
    """Play everything on a fresh server; 1 when something differs from the guide."""
    report = Report(as_json=as_json)
    report.chapter("Starting a fresh server; the first call to a service takes a while")
    with fresh_stage(report) as stage:
        play(stage)
    return report.finish()


def play(stage: Stage) -> None:
    """The three scenarios."""
    home = Account(stage, FIRST_ACCOUNT, "default")
    others = {name: stage.account(f"Account-{name}") for name in "BCD"}
    cross_account.play(stage, home, others["B"], others["C"])
    same_account.play(stage, home)
    resource_policy.play(stage, home, others)

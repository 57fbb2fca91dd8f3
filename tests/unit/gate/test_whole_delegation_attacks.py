"""A partner and somebody inside who help each other to more than they may have."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.test_whole_delegation import CUSTOMER, PARTNER, Play, play
from tests.unit.gate.whole import Keys, allow, document, trust

STEPS = allow("iam:*Delegation*")
POLICY = "arn:aws:iam::aws:policy/IAMFullAccess"


async def session_of(one: Play, **more: Any) -> Keys:
    """A session of a role that may do everything, with limits of its own."""
    statements = trust({"AWS": CUSTOMER})
    role = await one.whole.role("Admin", statements, allow("*"))
    boss = await one.whole.user("Bo", allow("sts:*"))
    answer = await one.whole.good(
        boss, "sts", "AssumeRole", RoleArn=role, RoleSessionName="bo", **more
    )
    return answer.keys


@pytest.mark.threat("T36")
@pytest.mark.parametrize(
    "limits",
    [
        {"Policy": document(STEPS)},
        {"PolicyArns.member.1.arn": POLICY},
        {"Tags.member.1.Key": "contractor", "Tags.member.1.Value": "true"},
    ],
)
def test_a_limited_session_lends_nothing(
    tmp_path: Path, limits: dict[str, str]
) -> None:
    """A partner would have the whole role, without what limits this session alone."""

    async def act(one: Play) -> None:
        keys = await session_of(one, **limits)
        request = await one.request()
        assert (await one.step("Associate", request, keys)).status == 200
        answer = await one.step("Accept", request, keys)
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert await one.state(request) == "ASSIGNED"

    play(tmp_path, act)


@pytest.mark.threat("T36")
def test_a_scoped_session_lends_nothing(tmp_path: Path) -> None:
    """Neither does one that was narrowed afterwards; the same without a scope may."""

    async def act(one: Play) -> None:
        keys = await session_of(one)
        scoped = await one.whole.good(
            keys, "sts", "GetScopedCredentials", Policy=document(STEPS)
        )
        request = await one.request()
        await one.walk(request, "Associate")
        assert (await one.step("Accept", request, scoped.keys)).status == 403
        assert (await one.step("Accept", request, keys)).status == 200

    play(tmp_path, act)


@pytest.mark.threat("T33")
def test_who_revokes_sessions_reaches_what_was_granted(tmp_path: Path) -> None:
    """Trading the token in again makes no younger session: it is as old as the grant."""

    async def act(one: Play) -> None:
        whole = one.whole
        token = await one.granted()
        made = await one.trade(token)
        await whole.good(made.keys, "iam", "ListUsers")
        whole.now += 60
        await whole.good(
            whole.root,
            "iam",
            "PutUserPolicy",
            UserName="Olga",
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=document(
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {
                        "DateLessThan": {
                            "aws:TokenIssueTime": datetime.fromtimestamp(
                                whole.now, UTC
                            ).strftime("%Y-%m-%dT%H:%M:%SZ")
                        }
                    },
                }
            ),
        )
        whole.now += 60
        again = await one.trade(token)
        for keys in (made.keys, again.keys):
            answer = await whole.bad(keys, "iam", "ListUsers")
            assert answer.code == "AccessDenied"
        # A grant of afterwards is younger than that.
        fresh = await one.trade(await one.granted())
        await whole.good(fresh.keys, "iam", "ListUsers")

    play(tmp_path, act)


@pytest.mark.threat("T136")
def test_a_template_makes_no_more_than_it_may(tmp_path: Path) -> None:
    """A hundred holes of two values each are counted, and never written out."""

    async def act(one: Play) -> None:
        hole = "@{bucket}"
        await one.whole.good(
            one.partner,
            "iam",
            "CreatePolicy",
            PolicyName="bomb",
            PolicyDocument=document(
                allow("s3:GetObject", f"arn:aws:s3:::{hole * 100}")
            ),
        )
        asked = {
            "PolicyTemplateArn": f"arn:aws:iam::{PARTNER}:policy/bomb",
            "Parameters": [
                {"Name": "bucket", "Values": ["one", "two"], "Type": "stringList"}
            ],
        }
        answer = await one.ask(Permissions=asked)
        assert (answer.status, answer.code) == (400, "InvalidInput")
        assert "too many values" in answer.message

    play(tmp_path, act)

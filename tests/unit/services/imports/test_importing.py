"""What an import does to a home: all of the file, once, and nothing else."""

import json
import stat
from configparser import RawConfigParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from ostiary.gate import audit
from ostiary.gate.telling import tell
from ostiary.identity.holdings import InstanceProfile
from ostiary.identity.model import (
    AccessKey,
    Account,
    Attachment,
    Group,
    InlinePolicy,
    Membership,
    Policy,
    PolicyVersion,
    Role,
    User,
)
from ostiary.server.importing import claim
from ostiary.store import catalogue
from ostiary.store.port import AlreadyExistsError
from tests.unit.services.imports.estate import (
    ACCOUNT,
    ALLOW,
    OTHER,
    SECONDS,
    Document,
    Place,
    allow,
    attached,
    faults_of,
    group,
    managed,
    page,
    role,
    told,
    trust,
    unique,
    user,
)

SHARED = f"arn:aws:iam::{ACCOUNT}:policy/Shared"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
PROFILE = {
    "Path": "/",
    "InstanceProfileName": "Web",
    "InstanceProfileId": unique("AIPA", "P"),
    "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/Web",
    "CreateDate": "2020-02-03T04:05:06Z",
    "Roles": [],
}
INLINE = [{"PolicyName": "own", "PolicyDocument": ALLOW}]


def rich() -> Document:
    """A file with something of everything."""
    return page(
        user(
            Path="/dev/",
            UserPolicyList=INLINE,
            AttachedManagedPolicies=attached(ADMIN, SHARED),
            PermissionsBoundary={
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": SHARED,
            },
            Tags=[{"Key": "team", "Value": "x"}],
        )
        | {"GroupList": ["Devs"]},
        group(GroupPolicyList=INLINE, AttachedManagedPolicies=attached(SHARED)),
        role(
            "App",
            "R",
            f"arn:aws:iam::{ACCOUNT}:user/dev/Alice",
            RolePolicyList=INLINE,
            InstanceProfileList=[PROFILE],
            Tags=[{"Key": "k", "Value": ""}],
        ),
        managed("Shared", ALLOW, allow("s3:PutObject")),
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A new home."""
    return Place(tmp_path)


def test_an_account_is_made_as_the_file_says(place: Place) -> None:
    """Ids, dates, paths, tags, boundaries, versions, policies, groups and profiles."""
    place.take(rich())
    alice = place.get(User, account=ACCOUNT, name="Alice")
    assert alice == User(
        id=unique("AIDA", "A"),
        account=ACCOUNT,
        name="Alice",
        path="/dev/",
        created=SECONDS,
        tags=(("team", "x"),),
        boundary=SHARED,
    )
    app = place.get(Role, account=ACCOUNT, name="App")
    assert json.loads(app.trust) == trust(alice.id)
    assert (app.id, app.max_session) == (unique("AROA", "R"), 3600)
    devs = place.get(Group, account=ACCOUNT, name="Devs")
    place.get(Membership, user=alice.id, group=devs.id)
    for one in (alice, app, devs):
        found = place.get(InlinePolicy, owner=one.id, name="own")
        assert json.loads(found.text) == ALLOW
    place.get(Attachment, owner=alice.id, policy=ADMIN)
    place.get(Attachment, owner=devs.id, policy=SHARED)
    shared = place.get(Policy, arn=SHARED)
    assert (shared.default_version, shared.next_version) == (2, 3)
    first = place.get(PolicyVersion, policy=SHARED, number=1)
    assert json.loads(first.text) == ALLOW
    profile = place.get(InstanceProfile, account=ACCOUNT, name="Web")
    assert (profile.id, profile.role) == (PROFILE["InstanceProfileId"], app.id)


def test_a_second_import_changes_nothing(place: Place) -> None:
    """It says so, and leaves neither a revision nor a record."""
    place.take(rich())
    before = place.home.store.everything()
    records = audit.verify(place.home.settings.audit_folder, "import")
    (plan,) = place.take(rich())
    assert plan.is_empty
    assert told(plan) == []
    assert place.home.store.everything() == before
    assert audit.verify(place.home.settings.audit_folder, "import") == records


@pytest.mark.parametrize("encode", [json.dumps, lambda one: json.dumps(one, indent=2)])
def test_white_space_is_no_difference(place: Place, encode: Any) -> None:
    """The same document as text is not written again."""
    place.take(rich())
    file = rich()
    file["UserDetailList"][0]["UserPolicyList"] = [
        {"PolicyName": "own", "PolicyDocument": encode(ALLOW)}
    ]
    (plan,) = place.take(file)
    assert plan.is_empty


def test_what_differs_is_updated(place: Place) -> None:
    """What hangs on an entity of the file is afterwards as in the file, no more."""
    place.take(rich())
    file = rich()
    alice = file["UserDetailList"][0]
    alice.update(
        UserPolicyList=[{"PolicyName": "new", "PolicyDocument": ALLOW}],
        AttachedManagedPolicies=attached(SHARED),
        GroupList=[],
        Tags=[],
    )
    del alice["PermissionsBoundary"]
    file["RoleDetailList"][0]["AssumeRolePolicyDocument"] = trust(OTHER)
    file["Policies"] = [managed("Shared", allow("s3:ListBucket"))]
    (plan,) = place.take(file)
    assert told(plan) == [
        ("update", "policy/Shared", ("versions", "default version")),
        (
            "update",
            "user/dev/Alice",
            (
                "tags",
                "permissions boundary",
                "inline policies",
                "attached policies",
                "groups",
            ),
        ),
        ("update", "role/App", ("trust policy",)),
    ]
    (again,) = place.take(file)
    assert again.is_empty
    found = place.get(User, account=ACCOUNT, name="Alice")
    with place.home.store.read() as view:
        inline = view.list_by(InlinePolicy, owner=found.id)
        assert [one.name for one in inline] == ["new"]
        assert view.count(Membership, user=found.id) == 0
        assert [one.number for one in view.list_by(PolicyVersion, policy=SHARED)] == [1]
    assert found.boundary == ""


def test_a_dry_run_changes_nothing(place: Place) -> None:
    """The plan is the one that would be carried out."""
    before = place.home.store.everything()
    (plan,) = place.plan(rich())
    assert plan.is_new
    assert {one[0] for one in told(plan)} == {"create"}
    assert place.home.store.everything() == before
    (done,) = place.take(rich())
    assert told(done) == told(plan)


def test_what_the_file_lacks_is_left_alone(place: Place) -> None:
    """And named: users, groups, roles, policies and instance profiles."""
    place.take(rich())
    (plan,) = place.take(page(user("Bob", "B")))
    assert [one.split(":", 5)[5] for one in plan.left] == [
        "group/Devs",
        "instance-profile/Web",
        "policy/Shared",
        "role/App",
        "user/dev/Alice",
    ]
    assert told(plan) == [("create", "user/Bob", ())]
    place.get(User, account=ACCOUNT, name="Alice")


def test_a_renamed_user_is_found_by_id(place: Place) -> None:
    """The id says who it is; access keys and policies stay with it."""
    place.take(page(user("Alice", "A", UserPolicyList=INLINE)))
    (plan,) = place.take(page(user("Alicia", "A", Path="/x/", UserPolicyList=INLINE)))
    assert told(plan) == [("update", "user/x/Alicia", ("name or path",))]
    assert place.get(User, account=ACCOUNT, name="Alicia").id == unique("AIDA", "A")


def test_a_name_that_went_on_to_somebody_else(place: Place) -> None:
    """Alice became Alicia, and there is a new Alice: two people, no mixture."""
    place.take(page(user("Alice", "A")))
    place.take(page(user("Alicia", "A"), user("Alice", "B")))
    assert place.get(User, account=ACCOUNT, name="Alicia").id == unique("AIDA", "A")
    assert place.get(User, account=ACCOUNT, name="Alice").id == unique("AIDA", "B")


def test_who_is_here_under_another_id_keeps_it(place: Place) -> None:
    """A user made here before has their own id; the report says so."""
    place.take(page(user("Alice", "A"), role("App", "R", ACCOUNT)))
    alice = f"arn:aws:iam::{ACCOUNT}:user/Alice"
    (plan,) = place.take(page(user("Alice", "Z"), role("App", "R", alice)))
    assert [one.message for one in plan.notices] == [
        (
            f"found the id `{unique('AIDA', 'Z')}`, but `Alice` is here as "
            f"`{unique('AIDA', 'A')}` and stays so"
        )
    ]
    app = place.get(Role, account=ACCOUNT, name="App")
    assert json.loads(app.trust) == trust(unique("AIDA", "A"))


def test_an_id_of_somebody_elsewhere_is_not_taken(place: Place) -> None:
    """An id that another account's user has is given to nobody else."""
    place.take(page(user("Alice", "A")))
    (plan,) = place.take(page(user("Carol", "A", account=OTHER)))
    carol = place.get(User, account=OTHER, name="Carol")
    assert carol.id != unique("AIDA", "A")
    assert plan.notices[0].message == (
        f"the id `{unique('AIDA', 'A')}` is taken; the new one is `{carol.id}`"
    )
    assert place.plan(page(user("Carol", "A", account=OTHER)))[0].is_empty


def test_two_people_with_one_name_are_refused(place: Place) -> None:
    """The id is one user's here, the name another's."""
    place.take(page(user("Alice", "A"), user("Bob", "B")))
    assert place.refused(page(user("Bob", "A"))) == [
        (
            "/UserDetailList/0",
            (
                f"found `{unique('AIDA', 'A')}`, who is `Alice` here, with the name of "
                f"`{unique('AIDA', 'B')}`"
            ),
        )
    ]


@pytest.mark.threat("T34")
def test_trust_is_bound_to_ids_across_the_accounts_of_a_file(place: Place) -> None:
    """Whoever trusts somebody of a later account trusts their id at once."""
    carol = f"arn:aws:iam::{OTHER}:user/Carol"
    file = [page(role("App", "R", carol)), page(user("Carol", "C", account=OTHER))]
    done = place.take(json.dumps(file))
    assert [plan.notices for plan in done] == [[], []]
    app = place.get(Role, account=ACCOUNT, name="App")
    assert json.loads(app.trust) == trust(unique("AIDA", "C"))


@pytest.mark.threat("T34")
def test_a_principal_who_is_not_here_stays_and_is_told(place: Place) -> None:
    """An id of somebody gone stays nobody; an ARN is bound at the next import."""
    gone, carol = unique("AIDA", "Q"), f"arn:aws:iam::{OTHER}:user/Carol"
    file = page(role("App", "R", gone, carol))
    (plan,) = place.take(file)
    assert [one.message for one in plan.notices] == [
        f"found the principal `{gone}`, who is not here",
        f"found the principal `{carol}`, who is not here",
    ]
    assert json.loads(place.get(Role, name="App").trust) == trust(gone, carol)
    place.take(page(user("Carol", "C", account=OTHER)))
    (plan,) = place.take(file)
    assert told(plan) == [("update", "role/App", ("trust policy",))]
    trusted = json.loads(place.get(Role, name="App").trust)
    assert trusted == trust(gone, unique("AIDA", "C"))


def test_policies_of_aws_come_with_the_file(place: Place) -> None:
    """One that is not known is added with its document, once for all accounts."""
    strange = "arn:aws:iam::aws:policy/Strange"
    policy = managed("Strange", ALLOW, account="aws")
    file = [
        page(user("Alice", "A", AttachedManagedPolicies=attached(strange)), policy),
        page(
            user(
                "Carol",
                "C",
                account=OTHER,
                AttachedManagedPolicies=attached(strange),
            ),
            policy,
        ),
    ]
    place.take(json.dumps(file))
    assert place.get(Policy, arn=strange).account == "aws"
    assert place.get(Attachment, account=OTHER, policy=strange)
    assert all(plan.is_empty for plan in place.take(json.dumps(file)))


def test_a_policy_of_aws_that_nobody_can_read_stops_no_import(place: Place) -> None:
    """AWS takes from itself what it refuses from others; such a text denies everything."""
    odd = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:*:kms:*:${aws:PrincipalAccount}:key/*",
        },
    }
    strange = "arn:aws:iam::aws:policy/Strange"
    file = page(
        user(AttachedManagedPolicies=attached(strange)),
        managed("Strange", odd, account="aws"),
    )
    (plan,) = place.take(file)
    assert any("cannot be decided by" in one.message for one in plan.notices)
    assert place.get(Attachment, policy=strange)
    ((_, message),) = faults_of(page(user(), managed("Strange", odd)))
    assert "variable before the fifth colon" in message


def test_policies_of_aws_need_not_be_in_the_file(place: Place) -> None:
    """One that AWS has comes from AWS's own, once for all accounts, attached or bounding."""
    queues = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    bound = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}
    file = [
        page(
            user("Alice", "A", AttachedManagedPolicies=attached(queues)),
            user("Bob", "B", PermissionsBoundary=bound),
        ),
        page(
            user(
                "Carol",
                "C",
                account=OTHER,
                AttachedManagedPolicies=attached(READ_ONLY, queues),
            ),
        ),
    ]
    place.take(json.dumps(file))
    for arn in (queues, READ_ONLY):
        assert place.get(Policy, arn=arn) == catalogue.find(arn)
        assert place.get(PolicyVersion, policy=arn) == catalogue.find_version(arn)
        assert place.get(Attachment, account=OTHER, policy=arn)
    assert all(plan.is_empty for plan in place.take(json.dumps(file)))


@pytest.mark.threat("T97")
@pytest.mark.parametrize("replaces", [False, True])
def test_a_file_does_not_say_first_what_a_policy_of_aws_says(
    place: Place, replaces: bool
) -> None:
    """One that nobody has yet comes from AWS's own, unless the operator wants the file's."""
    file = page(
        user(AttachedManagedPolicies=attached(READ_ONLY)),
        managed("ReadOnlyAccess", ALLOW, account="aws"),
    )
    (plan,) = place.take(file, replace_aws_policies=replaces)
    assert ("create", "policy/ReadOnlyAccess", ()) in told(plan)
    version = place.get(PolicyVersion, policy=READ_ONLY)
    assert (json.loads(version.text) == ALLOW) is replaces
    assert (
        any("another document" in one.message for one in plan.notices) is not replaces
    )


@pytest.mark.threat("T97")
def test_a_file_of_one_account_changes_no_policy_of_all(place: Place) -> None:
    """AWS's policies belong to every account: only the operator's word changes them."""
    file = page(user(), managed("AdministratorAccess", ALLOW, account="aws"))
    (plan,) = place.take(file)
    assert plan.notices[-1].message == (
        f"`{ADMIN}` is here with another document and stays so"
    )
    version = place.get(PolicyVersion, policy=ADMIN, number=1)
    assert json.loads(version.text)["Statement"][0]["Action"] == "*"
    (plan,) = place.take(file, replace_aws_policies=True)
    assert told(plan) == [("update", "policy/AdministratorAccess", ("versions",))]
    version = place.get(PolicyVersion, policy=ADMIN, number=1)
    assert json.loads(version.text) == ALLOW


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        ({"GroupList": ["Ghosts"]}, "GroupList/0", "found the group `Ghosts`, which is neither in the file nor here"),
        ({"AttachedManagedPolicies": attached(f"arn:aws:iam::{ACCOUNT}:policy/X")}, "AttachedManagedPolicies/0", f"found `arn:aws:iam::{ACCOUNT}:policy/X`, which is neither in the file nor here"),
        ({"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/X"}}, "PermissionsBoundary", "found `arn:aws:iam::aws:policy/X`, which is neither in the file nor here"),
    ],
)  # fmt: skip
def test_what_refers_to_nothing_is_refused(
    place: Place, change: Document, where: str, message: str
) -> None:
    """Groups and policies must be in the file or here; else nothing is changed."""
    file = page(user("Bob", "B"), {**user("Alice", "A"), **change})
    assert place.refused(file) == [(f"/UserDetailList/1/{where}", message)]


def test_what_cannot_be_renamed_is_refused(place: Place) -> None:
    """A policy or instance profile under another path is another thing."""
    place.take(rich())
    file = rich()
    file["Policies"].append(
        managed("shared", Path="/x/", Arn=f"arn:aws:iam::{ACCOUNT}:policy/x/shared")
    )
    del file["Policies"][0]
    file["RoleDetailList"][0]["InstanceProfileList"] = [
        PROFILE
        | {"Path": "/y/", "Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/y/Web"}
    ]
    found = [message for _, message in place.refused(file)]
    assert found == [
        (
            f"found the policy `arn:aws:iam::{ACCOUNT}:policy/x/shared`, but `{SHARED}` "
            "is here"
        ),
        "found the instance profile `/y/Web`, but `/Web` is here",
    ]


def test_what_is_left_alone_counts_for_the_quotas(place: Place) -> None:
    """Groups of the file and groups that are here are one account's."""
    place.take(page(user()))
    place.put(
        *(
            Group(
                id=f"AGPA{n:017d}", account=ACCOUNT, name=f"g{n}", path="/", created=1
            )
            for n in range(500)
        )
    )
    assert place.refused(page(group("One", "O"))) == [
        (
            "(the whole)",
            "found 501 groups with those that are here, expected at most 500",
        )
    ]


def test_a_change_meanwhile_is_seen(place: Place) -> None:
    """What was planned is planned anew when somebody else changed something since."""
    importer, done = place.importer(page(user("Alice", "A"))), []
    plans = importer.plan()
    place.put(Account(id=ACCOUNT, name="mine", alias="", created=1))
    place.put(
        User(
            id=unique("AIDA", "Z"),
            account=ACCOUNT,
            name="Alice",
            path="/old/",
            created=1,
            tags=(),
            boundary="",
        )
    )
    importer.run(plans, done.append)
    assert told(done[0]) == [("update", "user/Alice", ("name or path",))]
    assert place.get(User, account=ACCOUNT, name="Alice").id == unique("AIDA", "Z")


def test_an_account_that_cannot_be_made_changes_nothing(place: Place) -> None:
    """A transaction per account: a taken name rolls all of it back."""
    place.put(Account(id=OTHER, name=ACCOUNT, alias="", created=1))
    before = place.home.store.everything()
    with pytest.raises(AlreadyExistsError):
        place.take(rich())
    assert place.home.store.everything() == before
    assert audit.verify(place.home.settings.audit_folder, "import") == 0


def test_access_keys_are_given_only_when_asked_for(
    place: Place, tmp_path: Path
) -> None:
    """One for each of the file's users who has none, in a file for its owner only."""
    place.take(page(user("Alice", "A")))
    with place.home.store.read() as view:
        assert view.count(AccessKey, account=ACCOUNT, user=unique("AIDA", "A")) == 0
    file = tmp_path / "keys"
    claim(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    both = page(user("Alice", "A"), user("Bob", "B"))
    (plan,) = place.take(both, key_file=file)
    assert [one.user for one in plan.keys] == ["Alice", "Bob"]
    profiles = RawConfigParser()
    profiles.read(file)
    secret = profiles[f"{ACCOUNT}/Bob"]["aws_secret_access_key"]
    key = place.get(AccessKey, user=unique("AIDA", "B"))
    assert profiles[f"{ACCOUNT}/Bob"]["aws_access_key_id"] == key.id
    log = (place.home.settings.audit_folder / "import.jsonl").read_text()
    assert key.id in log
    assert secret not in log
    with pytest.raises(FileExistsError):
        claim(file)
    (again,) = place.take(both, key_file=file)
    assert again.is_empty


@pytest.mark.threat("T97")
def test_every_change_is_in_the_audit_log(place: Place) -> None:
    """By the operation that would have made it, and by whom: the local operator."""
    place.take(rich())
    folder = place.home.settings.audit_folder
    lines = [
        json.loads(line) for line in (folder / "import.jsonl").read_text().splitlines()
    ]
    assert audit.verify(folder, "import") == len(lines)
    assert [one["eventName"] for one in lines] == [
        "CreateAccount",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreatePolicyVersion",
        "CreateUser",
        "PutUserPolicy",
        "AttachUserPolicy",
        "AttachUserPolicy",
        "AddUserToGroup",
        "CreateGroup",
        "PutGroupPolicy",
        "AttachGroupPolicy",
        "CreateRole",
        "PutRolePolicy",
        "CreateInstanceProfile",
        "AddRoleToInstanceProfile",
    ]
    assert {one["userIdentity"]["userName"] for one in lines} == {"somebody"}
    assert lines[5]["requestParameters"] == {"userName": "Alice", "policyName": "own"}
    assert place.home.store.audit_records() == []
    shown = tell(lines[4])
    assert "the operator of this machine, somebody" in shown
    assert "imported from file.json" in shown


def test_records_wait_in_the_database_when_the_log_is_taken(place: Place) -> None:
    """Two imports at once would mix their chains: the second is refused at once."""
    other = audit.AuditLog(place.home.settings.audit_folder, "import")
    before = place.home.store.everything()
    with pytest.raises(audit.AuditTakenError):
        place.take(rich())
    assert place.home.store.everything() == before
    other.close()


def test_a_running_node_sees_the_import_as_a_whole(place: Place) -> None:
    """Its snapshot follows over the change log, entity by entity the same."""
    before = place.home.snapshot.revision
    place.take(rich())
    revision, writes = place.home.store.writes_since(before)
    place.home.snapshot.apply(before, revision, writes)
    snapshot = place.home.snapshot
    alice = snapshot.user_named(ACCOUNT, "alice")
    assert alice is not None
    assert list(snapshot.attached[alice.id]) == [ADMIN, SHARED]
    assert snapshot.default_text(SHARED) == json.dumps(
        allow("s3:PutObject"), separators=(",", ":")
    )
    fresh = replace(snapshot, listeners=[])
    assert fresh.users == {one.id: one for one in _all(place, User)}


def test_the_lock_is_held_for_few_statements(place: Place) -> None:
    """However many users a file has, its transaction takes the same few statements."""
    counts = []
    for start, number in ((0, 3), (3, 120)):
        file = page(
            *(
                user(f"u{start + n}", UserId=None, UserPolicyList=INLINE)
                for n in range(number)
            )
        )
        importer, done = place.importer(file), []
        plans = importer.plan()
        seen: list[str] = []
        event.listen(
            place.home.store._engine,
            "before_cursor_execute",
            lambda *told, seen=seen: seen.append(told[2]),
        )
        importer.run(plans, done.append)
        counts.append(len([one for one in seen if one.startswith("INSERT")]))
    assert len(place.home.store.audit_records()) == 0
    # The account, its root key, and their change rows came with the first.
    assert counts[1] <= counts[0]


def _all(place: Place, kind: type[User]) -> list[User]:
    with place.home.store.read() as view:
        return view.list_by(kind)

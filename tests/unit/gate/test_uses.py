"""What the gate remembers of who used what, and that no request writes it."""

from pathlib import Path

from tests.unit.gate.whole import START, Whole, allow, form, run, trust


def _last(whole: Whole) -> dict[str, tuple[int, str, str]]:
    found = whole.gate.seen.take()
    return {one.subject: (one.used, one.service, one.region) for one in found.last}


def test_a_long_term_key_is_used_by_every_signed_request(tmp_path: Path) -> None:
    """Time, service and region of the newest one; taking empties the memory."""

    async def play(whole: Whole) -> None:
        root = whole.root
        await whole.good(root, "iam", "ListUsers")
        whole.now += 60
        await whole.good(root, "sts", "GetCallerIdentity")
        assert _last(whole) == {root.key_id: (START + 60, "sts", "us-east-1")}
        assert not whole.gate.seen.take()

    run(tmp_path, play)


def test_an_attempt_counts_and_an_unsigned_request_does_not(tmp_path: Path) -> None:
    """A refused call is a use, as on AWS; what nobody signed right is none."""

    async def play(whole: Whole) -> None:
        ann = await whole.user("ann")
        whole.gate.seen.take()
        await whole.bad(ann, "iam", "ListUsers")
        await whole.bad(None, "iam", "ListRoles")
        await whole.bad(type(ann)(ann.key_id, "wrong" * 8), "iam", "ListGroups")
        found = whole.gate.seen.take()
        assert [one.action for one in found.actions] == ["iam:ListUsers"]
        assert [one.subject for one in found.last] == [ann.key_id]

    run(tmp_path, play)


def test_sessions_count_for_whom_they_act(tmp_path: Path) -> None:
    """A role session for the role; a user's session for the user, not for its key."""

    async def play(whole: Whole) -> None:
        ann = await whole.user("ann", allow("sts:AssumeRole"))
        arn = await whole.role(
            "r", trust({"AWS": "111122223333"}), allow("iam:ListUsers")
        )
        got = await whole.good(
            ann, "sts", "AssumeRole", RoleArn=arn, RoleSessionName="me"
        )
        session = await whole.session(ann)
        whole.gate.seen.take()
        await whole.good(got.keys, "iam", "ListUsers")
        await whole.good(session, "sts", "GetCallerIdentity")
        found = whole.gate.seen.take()
        role = whole.home.snapshot.role_named("111122223333", "r")
        user = whole.home.snapshot.user_named("111122223333", "ann")
        assert role is not None
        assert user is not None
        assert [one.subject for one in found.last] == [role.id]
        assert {(one.principal, one.action) for one in found.actions} == {
            (role.id, "iam:ListUsers"),
            (user.id, "sts:GetCallerIdentity"),
        }

    run(tmp_path, play)


def test_every_action_of_a_request_counts_but_pass_role(tmp_path: Path) -> None:
    """AddRoleToInstanceProfile takes iam:PassRole too, which AWS does not track."""

    async def play(whole: Whole) -> None:
        await whole.role("r", trust({"AWS": "111122223333"}))
        await whole.good(
            whole.root, "iam", "CreateInstanceProfile", InstanceProfileName="p"
        )
        whole.gate.seen.take()
        await whole.good(
            whole.root,
            "iam",
            "AddRoleToInstanceProfile",
            InstanceProfileName="p",
            RoleName="r",
        )
        found = whole.gate.seen.take()
        assert [one.action for one in found.actions] == ["iam:AddRoleToInstanceProfile"]

    run(tmp_path, play)


def test_the_memory_is_bounded(tmp_path: Path) -> None:
    """What is more than fits is forgotten; what is there stays, and stays new."""

    async def play(whole: Whole) -> None:
        whole.gate.seen.most = 2
        for action in ("ListUsers", "ListRoles", "ListGroups", "ListPolicies"):
            await whole.good(whole.root, "iam", action)
        whole.now += 60
        await whole.good(whole.root, "iam", "ListUsers")
        found = whole.gate.seen.take()
        assert [(one.action, one.used) for one in found.actions] == [
            ("iam:ListUsers", START + 60),
            ("iam:ListRoles", START),
        ]

    run(tmp_path, play)


def test_the_region_is_the_clients_and_takes_no_room(tmp_path: Path) -> None:
    """Many regions are one use, in the last of them."""

    async def play(whole: Whole) -> None:
        body = form({"Action": "GetCallerIdentity", "Version": "2011-06-15"})
        for region in ("us-west-2", "eu-west-1"):
            request = whole.signed(whole.root, "sts", body, region=region)
            assert (await whole.send(request)).status == 200
        found = whole.gate.seen.take()
        assert [one.region for one in found.actions] == ["eu-west-1"]
        assert [one.region for one in found.last] == ["eu-west-1"]

    run(tmp_path, play)


def test_a_login_is_noted_apart_from_keys(tmp_path: Path) -> None:
    """A password's use is nobody's key and no action."""

    async def play(whole: Whole) -> None:
        whole.gate.seen.note_login("AIDA1", START)
        found = whole.gate.seen.take()
        assert [one.subject for one in found.last] == ["password/AIDA1"]
        assert not found.actions

    run(tmp_path, play)


def test_no_request_writes_a_use(tmp_path: Path) -> None:
    """The store's revision stands still, and so do its tables, until `write`."""

    async def play(whole: Whole) -> None:
        before = whole.home.snapshot.revision
        for _ in range(3):
            await whole.good(whole.root, "sts", "GetCallerIdentity")
        with whole.home.store.read() as view:
            assert view.revision == before
            assert view.last_uses([whole.root.key_id]) == {}

    run(tmp_path, play)

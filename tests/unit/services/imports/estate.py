"""Files as AWS prints them, and a home that takes them, in this process."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ostiary.config import read_settings
from ostiary.identity.model import Entity
from ostiary.server.home import Home, open_home
from ostiary.server.importing import WRITER, Importer, Order
from ostiary.services.imports.checks import read_accounts
from ostiary.services.imports.faults import ImportRefused
from ostiary.services.imports.plan import Act, Plan
from ostiary.services.imports.planning import Wishes
from ostiary.store.port import E

ACCOUNT = "123456789012"
OTHER = "210987654321"
TIME = "2020-02-03T04:05:06+00:00"
SECONDS = 1_580_702_706
Document = dict[str, Any]

ALLOW: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


def allow(action: str) -> Document:
    """A policy that allows one action."""
    document = deepcopy(ALLOW)
    document["Statement"][0]["Action"] = action
    return document


def trust(*principals: str) -> Document:
    """A trust policy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def unique(prefix: str, letter: str) -> str:
    """A unique id."""
    return prefix + letter * 17


def user(name: str = "Alice", letter: str = "A", **more: Any) -> Document:
    """A user of a file."""
    return owner("User", name, unique("AIDA", letter), GroupList=[], **more)


def group(name: str = "Devs", letter: str = "G", **more: Any) -> Document:
    """A group of a file."""
    return owner("Group", name, unique("AGPA", letter), GroupPolicyList=[]) | more


def role(
    name: str = "App", letter: str = "R", *principals: str, **more: Any
) -> Document:
    """A role of a file."""
    extra: Document = {
        "AssumeRolePolicyDocument": trust(*(principals or (ACCOUNT,))),
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "RoleLastUsed": {},
    }
    return owner("Role", name, unique("AROA", letter), **(extra | more))


def owner(title: str, name: str, key: str, **more: Any) -> Document:
    """A user, group or role."""
    account, path = more.pop("account", ACCOUNT), more.get("Path", "/")
    return {
        "Path": path,
        f"{title}Name": name,
        f"{title}Id": key,
        "Arn": f"arn:aws:iam::{account}:{title.lower()}{path}{name}",
        "CreateDate": TIME,
        "AttachedManagedPolicies": [],
        **more,
    }


def managed(
    name: str = "Shared", *documents: Document, account: str = ACCOUNT, **more: Any
) -> Document:
    """A managed policy of a file; its versions count from 1, the last is in force."""
    texts = documents or (ALLOW,)
    versions = [
        {
            "Document": one,
            "VersionId": f"v{number}",
            "IsDefaultVersion": number == len(texts),
            "CreateDate": TIME,
        }
        for number, one in enumerate(texts, 1)
    ]
    return {
        "PolicyName": name,
        "PolicyId": unique("ANPA", name[0].upper()),
        "Arn": f"arn:aws:iam::{account}:policy/{name}",
        "Path": "/",
        "DefaultVersionId": f"v{len(texts)}",
        "AttachmentCount": 0,
        "IsAttachable": True,
        "CreateDate": TIME,
        "UpdateDate": TIME,
        "PolicyVersionList": list(reversed(versions)),
    } | more


def attached(*arns: str) -> list[Document]:
    """A list of attached policies."""
    return [{"PolicyName": one.rpartition("/")[2], "PolicyArn": one} for one in arns]


def page(*entities: Document) -> Document:
    """A whole file."""
    members: dict[str, list[Document]] = {
        "UserDetailList": [],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }
    for one in entities:
        title = next(
            t for t in ("User", "Group", "Role", "Policy") if f"{t}Name" in one
        )
        members["Policies" if title == "Policy" else f"{title}DetailList"].append(one)
    return dict(members)


def faults_of(text: str | Document) -> list[tuple[str, str]]:
    """Places and messages of what is wrong with a file; it must be refused."""
    try:
        read_accounts(text if isinstance(text, str) else json.dumps(text))
    except ImportRefused as refusal:
        return [(str(one.place), one.message) for one in refusal.faults]
    raise AssertionError("the file was taken")


@dataclass
class Place:
    """A home that files are imported into."""

    folder: Path
    home: Home = field(init=False)

    def __post_init__(self) -> None:
        """Open the home."""
        self.home = open_home(read_settings({}, self.folder / "home"), WRITER)

    def plan(self, file: str | Document, **wishes: bool) -> list[Plan]:
        """What an import would do."""
        return self.importer(file, **wishes).plan()

    def importer(self, file: str | Document, **wishes: Any) -> Importer:
        """An import that has not begun."""
        text = file if isinstance(file, str) else json.dumps(file)
        key_file = wishes.pop("key_file", None)
        order = Order(
            accounts=read_accounts(text),
            wishes=Wishes(access_keys=key_file is not None, **wishes),
            source="file.json",
            operator="somebody",
            key_file=key_file,
        )
        return Importer(self.home, order)

    def take(self, file: str | Document, **wishes: Any) -> list[Plan]:
        """The file is imported; what was done."""
        importer, done = self.importer(file, **wishes), []
        importer.run(importer.plan(), done.append)
        return done

    def refused(self, file: str | Document) -> list[tuple[str, str]]:
        """Why the file cannot be imported here; nothing is changed."""
        before = self.home.store.everything()
        try:
            self.take(file)
        except ImportRefused as refusal:
            assert self.home.store.everything() == before
            return [(str(one.place), one.message) for one in refusal.faults]
        raise AssertionError("the file was taken")

    def get(self, kind: type[E], **equal: str | int) -> E:
        """The one entity that has these values."""
        with self.home.store.read() as view:
            found = view.find_by(kind, **equal)
        assert found is not None
        return found

    def put(self, *entities: Entity) -> None:
        """Entities that were here before."""
        with self.home.store.change() as change:
            for one in entities:
                change.insert(one)


def told(plan: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    """What was done, without what stayed: act, ARN's end, changes."""
    return [
        (one.act.value, one.arn.split(":", 5)[5], one.changes)
        for one in plan.items
        if one.act is not Act.UNCHANGED
    ]

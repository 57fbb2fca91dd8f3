"""Users, groups and roles as one: the things that policies hang on."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ostiary.identity.ids import IdPrefix
from ostiary.identity.model import Attachment, Group, InlinePolicy, Role, User
from ostiary.policy import PrincipalKind
from ostiary.services.errors import (
    ServiceError,
    already_exists,
    delete_conflict,
    no_such_entity,
    validation_error,
)
from ostiary.services.iam import quotas
from ostiary.services.iam.quotas import Quota
from ostiary.services.operation import Call
from ostiary.store.port import Reader

LINKED_PATH: Final = "/aws-service-role/"
"""Where service-linked roles are, and nothing else."""

Owner = User | Group | Role
O = TypeVar("O", User, Group, Role)  # noqa: E741 - an owner


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerKind(Generic[O]):
    """How one kind of owner is called, and what it may hold."""

    entity: type[O]
    word: str
    """As it stands in messages."""
    title: str
    """As it stands in the names of operations."""
    id_prefix: IdPrefix
    inline_size: int
    attachments: Quota

    @property
    def parameter(self) -> str:
        """The parameter that names such an owner."""
        return f"{self.title}Name"


USER = OwnerKind(
    entity=User,
    word="user",
    title="User",
    id_prefix="AIDA",
    inline_size=quotas.USER_POLICY_SIZE,
    attachments=quotas.USER_ATTACHMENTS,
)
GROUP = OwnerKind(
    entity=Group,
    word="group",
    title="Group",
    id_prefix="AGPA",
    inline_size=quotas.GROUP_POLICY_SIZE,
    attachments=quotas.GROUP_ATTACHMENTS,
)
ROLE = OwnerKind(
    entity=Role,
    word="role",
    title="Role",
    id_prefix="AROA",
    inline_size=quotas.ROLE_POLICY_SIZE,
    attachments=quotas.ROLE_ATTACHMENTS,
)


def get_owner(kind: OwnerKind[O], call: Call, view: Reader) -> O:
    """The user, group or role that the call names; raises NoSuchEntity."""
    name = call.text(kind.parameter)
    found = view.find_by(kind.entity, account=call.caller.account, name=name)
    if found is None:
        raise no_such_entity(f"The {kind.word} with name {name} cannot be found.")
    return found


def get_modifiable(kind: OwnerKind[O], call: Call, view: Reader) -> O:
    """As `get_owner`, when the call is about to change what it may do.

    Raises:
        ServiceError: NoSuchEntity; UnmodifiableEntity for a service-linked role.
    """
    found = get_owner(kind, call, view)
    if kind.word == ROLE.word and found.path.startswith(LINKED_PATH):
        raise ServiceError(
            "UnmodifiableEntity",
            "Cannot perform the operation on the protected role "
            f"'{found.name}' - this role is only modifiable by AWS",
            400,
        )
    return found


def get_target_user(call: Call, view: Reader) -> User:
    """The user that the call names, or else the caller's own (facts 10.9).

    Raises:
        ServiceError: NoSuchEntity; ValidationError when the caller is no user.
    """
    if "UserName" in call.params:
        return get_owner(USER, call, view)
    if call.caller.principal.kind is PrincipalKind.USER:
        # By id, since the name may have changed after the session began.
        own = view.find(User, call.caller.user_id)
        if own is not None:
            return own
        name = call.caller.name
        raise no_such_entity(f"The user with name {name} cannot be found.")
    raise validation_error(
        "Must specify userName when calling with non-User credentials"
    )


def require_free_name(
    kind: OwnerKind[O], view: Reader, account: str, name: str, *, but: O | None = None
) -> None:
    """Nothing, when nobody else has the name, whatever its letters' case.

    Args:
        kind: users, groups or roles.
        view: the change in which the name will be taken.
        account: whose names.
        name: the wanted name.
        but: who may have it: the entity itself, when it is renamed.

    Raises:
        ServiceError: EntityAlreadyExists.
    """
    taken = view.find_by(kind.entity, account=account, name=name)
    if taken is not None and (but is None or taken.id != but.id):
        raise already_exists(f"{kind.title} with name {name} already exists.")


def require_no_policies(owner: Owner, view: Reader) -> None:
    """Nothing, when no policy hangs on the owner; raises DeleteConflict (facts 10.6).

    Attached policies are reported before inline ones.
    """
    if view.count(Attachment, owner=owner.id):
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if view.count(InlinePolicy, owner=owner.id):
        raise delete_conflict("Cannot delete entity, must delete policies first.")

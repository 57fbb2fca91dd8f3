"""The policy simulator: what would be decided, without doing it (facts 6.6).

It asks the engine that the gate asks, about policies and a context that the call
gives. Two things AWS's simulator does not know are answered too: the trust policy of
a role that is assumed, and what credentials of a kind carry (docs/simulator.md).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from ostiary.identity.model import Group, Role, User
from ostiary.policy import AuthorizationRequest, Kind, Principal
from ostiary.policy.arn import account_of, split
from ostiary.policy.pattern import fold
from ostiary.policy.trace import keys_asked
from ostiary.services.errors import invalid_input, no_such_entity
from ostiary.services.iam.owners import Owner
from ostiary.services.iam.paging import in_memory, paged
from ostiary.services.iam.principals import restore
from ostiary.services.iam.roles import find_arn
from ostiary.services.iam.simulate_context import (
    TRUST_ACTIONS,
    Keys,
    Subject,
    nameless_subject,
    read_keys,
    role_subject,
    user_subject,
)
from ostiary.services.iam.simulate_documents import (
    Documents,
    Given,
    Source,
    boundary_of,
    identity_of,
    read_exclusions,
    source,
    stored,
)
from ostiary.services.iam.simulate_organization import NOTHING, above
from ostiary.services.iam.simulate_result import Panel, simulate, with_resources
from ostiary.services.operation import Call, Operations, ReadOperation, Result
from ostiary.store.port import Reader

PAIRS: Final = 1000
"""Most pairs of an action and a resource in one call (T136)."""

WORK: Final = 2_000_000
"""Characters of policies times pairs that one page may cost; later ones have more."""

_ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+", re.ASCII)
_USER_ARN: Final = re.compile(r"arn:aws:iam::[0-9]{12}:user/[!-~]+", re.ASCII)
_ENTITY: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}):(user|group|role)/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII
)
_OWNER: Final = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Everything that the requests of one call have in common."""

    view: Reader
    call: Call
    subject: Subject
    keys: Keys
    panel: Panel
    owner: str
    """The account that owns what does not name its own."""

    def run(self, action: str, resource: str) -> Result:
        """The result for one action on one resource."""
        request = AuthorizationRequest(
            principal=self.subject.principal,
            action=action,
            resource=resource,
            resource_account=account_of(resource) or self.owner,
            context=self.keys.context(self.subject, action, self.call.now),
        )
        return simulate(self.panel, request, self._policy_on(request), self.keys)

    def _policy_on(self, request: AuthorizationRequest) -> tuple[Source | None, Kind]:
        """The policy on the resource: the one given, or a role's own trust policy."""
        given = self.panel.documents.resource
        if fold(request.action) not in TRUST_ACTIONS:
            is_trust = given is not None and given.policy.kind is Kind.TRUST
            return (None if is_trust else given), Kind.RESOURCE
        if given is not None and given.policy.kind is Kind.TRUST:
            return given, Kind.TRUST
        arn = request.resource
        if ":role/" not in arn or "*" in arn or "?" in arn:
            # No role is named, so there is no trust policy that could be asked: the
            # answer is the principal's own side, as AWS's simulator gives it.
            return _anybody(self.subject.principal.account), Kind.TRUST
        return self._trust_of(arn), Kind.TRUST

    def _trust_of(self, arn: str) -> Source | None:
        """The stored trust policy of a role; None when there is none to ask.

        Of another account only its own users and roles may be asked about: what that
        account says of third parties is none of the caller's business.
        """
        here = self.call.caller.account
        account, _, path = arn.partition("::")[2].partition(":role/")
        if here not in (account, self.subject.principal.account):
            return None
        name = path.rpartition("/")[2]
        role = self.view.find_by(Role, account=account, name=name)
        if role is None or role.arn != arn:
            return None
        shown = restore(role.trust, lambda unique_id: find_arn(self.view, unique_id))
        trust = stored("AssumeRolePolicyDocument", role.trust, Kind.TRUST, shown=shown)
        return trust if account == here else replace(trust, shown=False)


def simulate_custom_policy(call: Call, view: Reader) -> Result:
    """What the given policies decide; nothing of any entity is looked at."""
    caller_arn = call.text("CallerArn")
    if call.text("ResourcePolicy") and not caller_arn:
        raise invalid_input("CallerArn is required when ResourcePolicy is specified.")
    given = Given(call)
    documents = Documents(
        identity=given.policies("PolicyInputList", Kind.IDENTITY),
        boundary=given.boundary(),
        resource=given.resource(_resource_kind(call)),
        scps=given.organization(),
    )
    subject = (
        _caller_subject(call, view, caller_arn)
        if caller_arn
        else nameless_subject(call.caller.account)
    )
    return _results(call, view, subject, documents)


def simulate_principal_policy(call: Call, view: Reader) -> Result:
    """What an entity's policies decide, together with given ones."""
    entity = _entity(call, view)
    caller_arn = call.text("CallerArn")
    excluded = read_exclusions(call)
    given = Given(call)
    own = boundary_of(view, entity, excluded)
    subject = (
        _caller_subject(call, view, caller_arn)
        if caller_arn
        else _entity_subject(entity)
    )
    own_account = subject.principal.account == entity.account
    standing = above(view, entity) if own_account else NOTHING
    subject = replace(subject, standing=standing.keys)
    documents = Documents(
        identity=(
            *identity_of(view, entity, excluded),
            *given.policies("PolicyInputList", Kind.IDENTITY),
        ),
        boundary=given.boundary() or own,
        resource=given.resource(_resource_kind(call)),
        scps=standing.scps,
        rcps=standing.rcps,
    )
    needs_caller = not caller_arn and not isinstance(entity, User)
    if documents.resource and needs_caller and not _says_role(call, subject):
        raise invalid_input(
            "CallerArn is required when ResourcePolicy is specified and "
            "PolicySourceArn is not the ARN of an IAM user."
        )
    return _results(call, view, subject, documents)


def _says_role(call: Call, subject: Subject) -> bool:
    """Whether the call asks for credentials of a role; AWS has no such thing."""
    return read_keys(call, subject).credentials == "role"


def get_context_keys_for_custom_policy(call: Call, _view: Reader) -> Result:
    """The condition keys that the given policies ask for."""
    sources = Given(call).policies("PolicyInputList", Kind.IDENTITY)
    return {"ContextKeyNames": _key_names(sources)}


def get_context_keys_for_principal_policy(call: Call, view: Reader) -> Result:
    """The condition keys that an entity's policies ask for, and given ones."""
    entity = _entity(call, view)
    excluded = read_exclusions(call)
    sources = (
        *identity_of(view, entity, excluded),
        *(boundary_of(view, entity, excluded) or ()),
        *Given(call).policies("PolicyInputList", Kind.IDENTITY),
    )
    return {"ContextKeyNames": _key_names(sources)}


def _results(
    call: Call, view: Reader, subject: Subject, documents: Documents
) -> Result:
    """A page of results: for each action, each resource."""
    if call.text("ResourceHandlingOption"):
        raise invalid_input("ResourceHandlingOption is not supported.")
    pairs = _pairs(call)
    simulation = Simulation(
        view=view,
        call=call,
        subject=subject,
        keys=read_keys(call, subject),
        panel=Panel(documents=documents),
        owner=_resource_owner(call) or subject.principal.account,
    )
    # A page may be shorter than asked for; then the next one goes on.
    most = max(1, WORK // max(1, documents.size))
    limit = min(call.number("MaxItems", 100), most)
    page = call._replace(params={**call.params, "MaxItems": limit})
    numbers = in_memory(range(len(pairs)), lambda number: f"{number:04}")
    wanted, rest = paged(page, "Simulate", numbers)
    results = [simulation.run(*pairs[number]) for number in wanted]
    if call.params.get("ResourceArns"):
        results = [with_resources(one) for one in results]
    return {"EvaluationResults": results, **rest}


# --- what the call says -------------------------------------------------------------


def _actions(call: Call) -> Sequence[str]:
    actions = cast("Sequence[str]", call.params.get("ActionNames", ()))
    if not actions:
        raise invalid_input("At least one action name must be specified.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise invalid_input(f"Invalid action name: {action}")
    return actions


def _pairs(call: Call) -> list[tuple[str, str]]:
    """Each action with each resource; raises InvalidInput."""
    actions = _actions(call)
    arns = cast("Sequence[str]", call.params.get("ResourceArns", ()))
    resources = arns or ["*"]
    for resource in resources:
        if resource != "*" and split(resource) is None:
            raise invalid_input(f"Invalid resource ARN: {resource}")
    if len(actions) * len(resources) > PAIRS:
        raise invalid_input(
            f"A simulation is limited to {PAIRS} pairs of an action and a resource."
        )
    return [(action, resource) for action in actions for resource in resources]


def _resource_kind(call: Call) -> Kind:
    """What `ResourcePolicy` is: a trust policy where only roles are assumed."""
    are_trust = [fold(action) in TRUST_ACTIONS for action in _actions(call)]
    return Kind.TRUST if all(are_trust) else Kind.RESOURCE


def _resource_owner(call: Call) -> str:
    """The account in `ResourceOwner`; empty when the call says none."""
    text = call.text("ResourceOwner")
    if not text:
        return ""
    found = _OWNER.fullmatch(text)
    if found is None:
        raise invalid_input(f"Invalid resource owner: {text}")
    return found[1]


def _caller_subject(call: Call, view: Reader, arn: str) -> Subject:
    """The user that `CallerArn` names; raises InvalidInput for all but users."""
    if not _USER_ARN.fullmatch(arn):
        raise invalid_input(f"CallerArn must be the ARN of an IAM user: {arn}")
    account = account_of(arn)
    if account == call.caller.account:
        name = arn.rpartition("/")[2]
        user = view.find_by(User, account=account, name=name)
        if user is not None and user.arn == arn:
            return user_subject(user)
    return Subject(principal=Principal.from_arn(arn))


def _entity_subject(entity: Owner) -> Subject:
    """Who has the policies of the entity: itself, or somebody in the group."""
    if isinstance(entity, User):
        return user_subject(entity)
    if isinstance(entity, Role):
        return role_subject(entity)
    return nameless_subject(entity.account)


def _entity(call: Call, view: Reader) -> Owner:
    """The user, group or role that `PolicySourceArn` names.

    Raises:
        ServiceError: InvalidInput, NoSuchEntity.
    """
    arn = call.text("PolicySourceArn")
    found = _ENTITY.fullmatch(arn)
    if found is None:
        raise invalid_input(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )
    account, word, name = found.groups()
    owner = _find(view, word, name, account) if account == call.caller.account else None
    if owner is None or owner.arn != arn:
        raise no_such_entity(f"The {word} with name {name} cannot be found.")
    return owner


def _find(view: Reader, word: str, name: str, account: str) -> Owner | None:
    if word == "user":
        return view.find_by(User, account=account, name=name)
    if word == "group":
        return view.find_by(Group, account=account, name=name)
    return view.find_by(Role, account=account, name=name)


def _anybody(account: str) -> Source:
    """A trust policy that leaves the decision to the principal's own account."""
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":'
        '["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Principal":'
        f'{{"AWS":"{account}"}}}}}}'
    )
    return replace(source("", text, Kind.TRUST), shown=False)


def _key_names(sources: Sequence[Source]) -> list[str]:
    """The keys of all statements, each once, in the order of their appearance."""
    names: dict[str, str] = {}
    for key in _keys(sources):
        names.setdefault(fold(key), key)
    return list(names.values())


def _keys(sources: Sequence[Source]) -> Iterator[str]:
    for one in sources:
        variables = one.policy.document.has_variables
        for statement in one.policy.statements:
            yield from keys_asked(statement, variables=variables)


OPERATIONS: Operations = {
    "SimulateCustomPolicy": ReadOperation(run=simulate_custom_policy),
    "SimulatePrincipalPolicy": ReadOperation(run=simulate_principal_policy),
    "GetContextKeysForCustomPolicy": ReadOperation(
        run=get_context_keys_for_custom_policy
    ),
    "GetContextKeysForPrincipalPolicy": ReadOperation(
        run=get_context_keys_for_principal_policy
    ),
}

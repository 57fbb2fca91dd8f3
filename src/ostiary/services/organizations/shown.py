"""What answers say of an organization and its things."""

from collections.abc import Callable

from ostiary.identity.model import PARTITION
from ostiary.identity.organization import (
    ALL_FEATURES,
    POLICY_TYPES,
    SCP,
    Member,
    Organization,
    OrganizationPolicy,
    Unit,
)
from ostiary.services.operation import Result
from ostiary.services.organizations.place import is_closed
from ostiary.store.port import Reader


def organization(found: Organization, manager: Member) -> Result:
    """The organization itself; the list of types is AWS's own, long out of use."""
    types = (
        [{"Type": SCP, "Status": "ENABLED"}] if found.features == ALL_FEATURES else []
    )
    return {
        "Id": found.id,
        "Arn": found.arn,
        "FeatureSet": found.features,
        "MasterAccountArn": found.arn_of("account", found.management),
        "MasterAccountId": found.management,
        "MasterAccountEmail": manager.email,
        "AvailablePolicyTypes": types,
    }


def root(found: Organization) -> Result:
    """The one root."""
    return {
        "Id": found.root,
        "Arn": found.arn_of("root", found.root),
        "Name": "Root",
        "PolicyTypes": [
            {"Type": one, "Status": "ENABLED"}
            for one in POLICY_TYPES
            if found.has_type(one)
        ],
    }


def unit(found: Unit, within: Organization, path: str) -> Result:
    """A unit, and where it stands."""
    return {
        "Id": found.id,
        "Arn": within.arn_of("ou", found.id),
        "Name": found.name,
        "Path": path,
    }


def account(view: Reader, found: Member, within: Organization) -> Result:
    """An account; a closed one is suspended, and stays so."""
    state = "SUSPENDED" if is_closed(view, found.account) else "ACTIVE"
    return {
        "Id": found.account,
        "Arn": within.arn_of("account", found.account),
        "Email": found.email,
        "Name": found.name,
        "Status": state,
        "State": state,
        "JoinedMethod": found.method,
        "JoinedTimestamp": found.joined,
    }


def accounts_of(view: Reader, within: Organization) -> Callable[[Member], Result]:
    """The shape of each account in a list."""
    return lambda found: account(view, found, within)


def policy_summary(found: OrganizationPolicy, within: Organization) -> Result:
    """A policy without its content."""
    kind = found.type.lower()
    arn = (
        f"arn:{PARTITION}:organizations::aws:policy/{kind}/{found.id}"
        if found.is_managed
        else within.arn_of("policy", f"{kind}/{found.id}")
    )
    return {
        "Id": found.id,
        "Arn": arn,
        "Name": found.name,
        "Description": found.description,
        "Type": found.type,
        "AwsManaged": found.is_managed,
    }


def policy(found: OrganizationPolicy, within: Organization) -> Result:
    """A policy with its content."""
    return {
        "Policy": {
            "PolicySummary": policy_summary(found, within),
            "Content": found.text,
        }
    }

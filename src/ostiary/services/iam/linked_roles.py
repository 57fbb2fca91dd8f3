"""Service-linked roles: made for one AWS service, and only that service's to change.

The services themselves are not here, so such a role has no permissions and nobody
takes it; it is kept for tools that expect to find it.
"""

import json
from typing import Final

from ostiary.identity.holdings import DeletionTask
from ostiary.identity.ids import request_ids, unique_id
from ostiary.identity.model import Role
from ostiary.services.errors import invalid_input, no_such_entity
from ostiary.services.iam import quotas, roles
from ostiary.services.iam.owners import LINKED_PATH, ROLE, get_owner
from ostiary.services.operation import (
    Call,
    ChangeOperation,
    Operations,
    ReadOperation,
    Result,
)
from ostiary.store.port import Change, Reader

REMEMBERED: Final = 7 * 86_400
"""Seconds for which a deletion can be asked about."""

SUFFIX_ALLOWED: Final = frozenset({"autoscaling.amazonaws.com"})

_PREFIX: Final = "AWSServiceRoleFor"
_SCALING: Final = "ApplicationAutoScaling_"
TITLES: Final = {
    "access-analyzer.amazonaws.com": "AccessAnalyzer",
    "autoscaling.amazonaws.com": "AutoScaling",
    "backup.amazonaws.com": "Backup",
    "batch.amazonaws.com": "Batch",
    "cloudtrail.amazonaws.com": "CloudTrail",
    "config.amazonaws.com": "Config",
    "dynamodb.application-autoscaling.amazonaws.com": f"{_SCALING}DynamoDBTable",
    "ecs.amazonaws.com": "ECS",
    "ecs.application-autoscaling.amazonaws.com": f"{_SCALING}ECSService",
    "eks.amazonaws.com": "AmazonEKS",
    "eks-fargate.amazonaws.com": "AmazonEKSForFargate",
    "eks-nodegroup.amazonaws.com": "AmazonEKSNodegroup",
    "elasticache.amazonaws.com": "ElastiCache",
    "elasticbeanstalk.amazonaws.com": "ElasticBeanstalk",
    "elasticloadbalancing.amazonaws.com": "ElasticLoadBalancing",
    "email.cognito-idp.amazonaws.com": "AmazonCognitoIdpEmailService",
    "es.amazonaws.com": "AmazonElasticsearchService",
    "fsx.amazonaws.com": "AmazonFSx",
    "globalaccelerator.amazonaws.com": "GlobalAccelerator",
    "guardduty.amazonaws.com": "AmazonGuardDuty",
    "kafka.amazonaws.com": "Kafka",
    "lambda.application-autoscaling.amazonaws.com": f"{_SCALING}LambdaConcurrency",
    "lex.amazonaws.com": "LexBots",
    "macie.amazonaws.com": "AmazonMacie",
    "opensearchservice.amazonaws.com": "AmazonOpenSearchService",
    "ops.apigateway.amazonaws.com": "APIGateway",
    "organizations.amazonaws.com": "Organizations",
    "rds.amazonaws.com": "RDS",
    "rds.application-autoscaling.amazonaws.com": f"{_SCALING}RDSCluster",
    "redshift.amazonaws.com": "Redshift",
    "replication.dynamodb.amazonaws.com": "DynamoDBReplication",
    "securityhub.amazonaws.com": "SecurityHub",
    "spot.amazonaws.com": "EC2Spot",
    "spotfleet.amazonaws.com": "EC2SpotFleet",
    "ssm.amazonaws.com": "AmazonSSM",
    "sso.amazonaws.com": "SSO",
    "support.amazonaws.com": "Support",
    "transitgateway.amazonaws.com": "VPCTransitGateway",
    "trustedadvisor.amazonaws.com": "TrustedAdvisor",
}
"""How each service's role is called, behind AWS's common prefix."""


def create(call: Call, change: Change) -> Result:
    """The role that the service would take; its name is the service's choice."""
    account, service = call.caller.account, call.text("AWSServiceName")
    name = _name(call, service)
    if change.find_by(Role, account=account, name=name) is not None:
        raise invalid_input(
            f"Service role name {name} has been taken in this account, please try a "
            "different suffix."
        )
    quotas.require_room(quotas.ROLES, change.count(Role, account=account))
    role = Role(
        id=unique_id(call.mint, "AROA"),
        account=account,
        name=name,
        path=f"{LINKED_PATH}{service}/",
        created=call.now,
        description=call.text("Description"),
        trust=_trust(service),
        max_session=roles.DEFAULT_SESSION,
        tags=(),
        boundary="",
    )
    change.insert(role)
    return {"Role": roles.embedded(role, change)}


def delete(call: Call, change: Change) -> Result:
    """Forget the role at once: there is no service that could still need it."""
    role = get_owner(ROLE, call, change)
    if not role.path.startswith(LINKED_PATH):
        raise no_such_entity(f"The role with name {role.name} cannot be found.")
    for old in change.list_by(DeletionTask, account=role.account):
        if old.created + REMEMBERED < call.now:
            change.delete(old)
    [number] = request_ids(call.mint, 1)
    task = DeletionTask(
        id=f"task{role.path}{role.name}/{number}",
        account=role.account,
        created=call.now,
    )
    change.insert(task)
    change.delete(role)
    return {"DeletionTaskId": task.id}


def get_deletion_status(call: Call, view: Reader) -> Result:
    """How a deletion went: whatever is remembered went well."""
    task = view.find(DeletionTask, call.text("DeletionTaskId"))
    if task is None or task.account != call.caller.account:
        raise no_such_entity("The deletion task cannot be found.")
    return {"Status": "SUCCEEDED"}


def _name(call: Call, service: str) -> str:
    """The role's name; raises InvalidInput for what has no such role."""
    title, suffix = TITLES.get(service), call.text("CustomSuffix")
    if title is None:
        raise invalid_input(f"{service} has no service-linked role.")
    if not suffix:
        return _PREFIX + title
    if service not in SUFFIX_ALLOWED:
        raise invalid_input(f"Custom suffix is not allowed for {service}")
    name = f"{_PREFIX}{title}_{suffix}"
    if len(name) > quotas.ROLE_NAME:
        raise invalid_input(f"Custom suffix {suffix} is too long.")
    return name


def _trust(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OPERATIONS: Operations = {
    "CreateServiceLinkedRole": ChangeOperation(run=create),
    "DeleteServiceLinkedRole": ChangeOperation(run=delete),
    "GetServiceLinkedRoleDeletionStatus": ReadOperation(run=get_deletion_status),
}

"""What is served, the models of it, and the call of each operation."""

from collections.abc import Mapping

import botocore.session
from botocore.model import OperationModel

from ostiary.services import sts
from ostiary.services.iam.operations import OPERATIONS
from tests.unit.services.every import (
    calls,
    calls_assertions,
    calls_delegation,
    calls_estate,
    reads,
    sts_calls,
)
from tests.unit.services.every.calls import Call

CALLS: Mapping[tuple[str, str], Call] = {
    **{("iam", name): call for name, call in calls.IAM.items()},
    **{("iam", name): call for name, call in reads.IAM.items()},
    **{("iam", name): call for name, call in reads.TAGGING.items()},
    **{("iam", name): call for name, call in calls_delegation.IAM.items()},
    **{("iam", name): call for name, call in calls_estate.IAM.items()},
    **{("sts", name): call for name, call in sts_calls.STS.items()},
    **{("sts", name): call for name, call in calls_assertions.STS.items()},
    **{("sts", name): call for name, call in calls_estate.STS.items()},
    **{("sts", name): call for name, call in calls_delegation.STS.items()},
}
SERVED = sorted(
    (service, name)
    for service, names in (("iam", OPERATIONS), ("sts", sts.OPERATIONS))
    for name in names
)
_PLAIN = {"httpStatusCode": 400}
"""Of errors of which the model says no more than the name."""
_MODELS = {
    service: botocore.session.get_session().get_service_model(service)
    for service in ("iam", "sts")
}


def model(service: str, operation: str) -> OperationModel:
    """The operation in AWS's own model."""
    return _MODELS[service].operation_model(operation)


def codes(service: str, operation: str) -> dict[str, int]:
    """The codes of the modelled errors, and their HTTP status."""
    return {
        shape.error_code: shape.metadata.get("error", _PLAIN)["httpStatusCode"]
        for shape in model(service, operation).error_shapes
    }


def members(service: str, operation: str) -> dict[str, bool]:
    """The parameters, and whether they are required."""
    shape = model(service, operation).input_shape
    if shape is None:
        return {}
    return {name: name in shape.required_members for name in shape.members}

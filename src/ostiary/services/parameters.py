"""What services refuse before anybody decides."""

from collections.abc import Mapping

from ostiary.services import sts
from ostiary.services.iam.arn_rules import check_arns
from ostiary.services.iam.tag_rules import check_tags


def check_parameters(
    service: str, operation: str, params: Mapping[str, object]
) -> None:
    """Nothing, when the service would look at such parameters; raises ServiceError."""
    if service == "sts":
        sts.check_parameters(service, operation, params)
    elif service == "iam":
        check_arns(params)
        if "Tags" in params:
            check_tags(operation, params)

"""Trust policies for tests."""

import json


def trusting(*principals: str, **more: str) -> str:
    """A trust policy that lets these AWS principals, and these others, assume a role."""
    principal = {"AWS": list(principals)} if principals else {}
    statement = {
        "Effect": "Allow",
        "Principal": {**principal, **more},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

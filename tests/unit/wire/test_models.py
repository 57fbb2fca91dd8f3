"""The generated tables are in step with botocore, and load fast."""

import subprocess
import sys

import botocore.session
import pytest

from ostiary.wire.service import BY_NAME, SQS_QUERY, table
from scripts import models


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.long if n == "services" else ())
        for n in models.MAKERS
    ],
)
def test_tables_are_in_step_with_botocore(name: str) -> None:
    """Generating anew gives the file that is here, byte for byte."""
    kept = (models.FOLDER / f"{name}.json").read_text(encoding="utf-8")

    assert models.text(name) == kept


def test_services_are_in_step_with_botocore() -> None:
    """Version, namespace, target and protocol are those of botocore's models."""
    session = botocore.session.get_session()
    for name, service in BY_NAME.items():
        told = session.get_service_model(name).metadata
        assert service.protocol == told["protocol"]
        assert service.target == told.get("targetPrefix", "")
        assert service.json_version == told.get("jsonVersion", "")
        if service.version:
            assert service.version == told["apiVersion"]
            assert service.xmlns == told["xmlNamespace"]
    assert SQS_QUERY.version == session.get_service_model("sqs").metadata["apiVersion"]


def test_wire_needs_no_botocore() -> None:
    """Importing and using the wire imports neither botocore nor another service's table."""
    program = (
        "import sys; from ostiary.wire import catalog, query, answer, sigv4, chunks, refusals;"
        "from ostiary.wire.service import STS; query.read(STS, 'GetCallerIdentity', {});"
        "bad = [m for m in sys.modules if m.startswith(('botocore', 'boto3', 'ostiary.')) and not m.startswith('ostiary.wire')];"
        "assert not bad, bad"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_tables_stay_small() -> None:
    """What the first STS answer has to read is a few kilobytes."""
    sizes = {path.stem: path.stat().st_size for path in models.FOLDER.glob("*.json")}

    assert set(sizes) == {
        "iam",
        "sts",
        "sns",
        "sqs",
        "sqs-types",
        "ec2",
        "dynamodb",
        "dynamodb-types",
        "organizations",
        "organizations-types",
        "s3",
        "services",
    }
    assert sizes["sts"] < 20_000
    assert sum(sizes.values()) < 400_000


def test_every_operation_has_a_row() -> None:
    """The tables name every operation of botocore's models, but those left out."""
    session = botocore.session.get_session()
    for name in BY_NAME:
        known = set(session.get_service_model(name).operation_names)
        if name == "s3":
            model = session.get_service_model(name)
            known -= {o for o in known if model.operation_model(o).deprecated}
            known -= models.S3_LEFT_OUT
        assert set(table(name)["operations"]) == known

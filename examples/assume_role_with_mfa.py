"""Assume a role whose trust policy asks for MFA, then list tables as that role.

    python assume_role_with_mfa.py ROLE_ARN SERIAL_NUMBER [--token-code 123456]

Credentials and endpoint come from where boto3 always looks: a profile or
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and `AWS_ENDPOINT_URL`.
Without `--token-code`, the program asks for the code that the device shows.
"""

import argparse
import getpass
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def assume_role(role_arn: str, serial_number: str, token_code: str) -> boto3.Session:
    """A session of the role; STS verifies the code, the trust policy asks for it."""
    answer = boto3.client("sts").assume_role(
        RoleArn=role_arn,
        RoleSessionName="AssumeRoleWithMfa",
        SerialNumber=serial_number,
        TokenCode=token_code,
        DurationSeconds=900,
    )
    credentials = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def main() -> int:
    """0 when the tables were listed, 1 when something was refused."""
    parser = argparse.ArgumentParser(description="List tables as a role, with MFA.")
    parser.add_argument("role_arn")
    parser.add_argument(
        "serial_number", help="a hardware device's serial number, a virtual one's ARN"
    )
    parser.add_argument("--token-code", help="asked for when left out")
    options = parser.parse_args()
    token_code = options.token_code or getpass.getpass("MFA code: ")
    try:
        session = assume_role(options.role_arn, options.serial_number, token_code)
        who = session.client("sts").get_caller_identity()["Arn"]
        names = session.client("dynamodb").list_tables()["TableNames"]
    except (BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{who} sees {len(names)} tables")
    for name in names:
        print(name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Get a session of your own with MFA, then list buckets with it.

    python get_session_token_with_mfa.py SERIAL_NUMBER [--token-code 123456]

Credentials and endpoint come from where boto3 always looks: a profile or
`AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and `AWS_ENDPOINT_URL`.
Without `--token-code`, the program asks for the code that the device shows.
"""

import argparse
import getpass
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def get_session(serial_number: str, token_code: str) -> boto3.Session:
    """A session that carries MFA, so every later call can be checked for it."""
    answer = boto3.client("sts").get_session_token(
        SerialNumber=serial_number, TokenCode=token_code, DurationSeconds=3600
    )
    credentials = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def main() -> int:
    """0 when the buckets were listed, 1 when something was refused."""
    parser = argparse.ArgumentParser(description="List buckets, with MFA.")
    parser.add_argument(
        "serial_number", help="a hardware device's serial number, a virtual one's ARN"
    )
    parser.add_argument("--token-code", help="asked for when left out")
    options = parser.parse_args()
    token_code = options.token_code or getpass.getpass("MFA code: ")
    try:
        session = get_session(options.serial_number, token_code)
        buckets = session.client("s3").list_buckets()["Buckets"]
    except (BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(buckets)} buckets")
    for bucket in buckets:
        print(bucket["Name"])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

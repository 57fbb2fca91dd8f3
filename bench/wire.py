"""Measures the wire's share of a request: claim, proof, reading, answering.

`run()` gives microseconds per call, the best of several rounds, for a signed
GetCallerIdentity with a session token, as boto3 sends it.
"""

import json
import timeit
from collections.abc import Callable

from ostiary.wire import answer, catalog, sigv4
from ostiary.wire.http import Request
from ostiary.wire.service import STS, table

NOW = 1440938160.0
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
HEADERS = (
    ("host", "localhost:4566"),
    ("accept-encoding", "identity"),
    ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
    (
        "user-agent",
        "Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux#6.1 lang/python#3.11",
    ),
    ("amz-sdk-invocation-id", "b4a2c1c2-5f0f-4f39-8a55-0d5a8a2b8f11"),
    ("amz-sdk-request", "attempt=1"),
    ("content-length", str(len(BODY))),
)
SIGNER = sigv4.Signer(
    access_key_id="ASIAIOSFODNN7EXAMPLE",
    secret=SECRET,
    session_token="FwoGZXIvYXdzE" * 48,
    region="us-east-1",
    service="sts",
)
RESULT = {
    "UserId": "AIDACKCEVSQ6C2EXAMPLE",
    "Account": "111122223333",
    "Arn": "arn:aws:iam::111122223333:user/ana",
}


def _request(headers: tuple[tuple[str, str], ...]) -> Request:
    return Request(
        method="POST",
        path="/",
        query="",
        headers=headers,
        body=BODY,
        secure=False,
        peer="127.0.0.1",
    )


# Many short rounds: the best of them is one that nothing else interrupted.
def _best(call: Callable[[], object], number: int = 500, repeat: int = 60) -> float:
    return min(timeit.repeat(call, number=number, repeat=repeat)) / number * 1e6


def run() -> dict[str, float]:
    """Gives microseconds by step; `claim+verify` is the figure to watch."""
    headers = sigv4.sign(_request(HEADERS), SIGNER, NOW)
    arrived = _request(headers)
    claim = sigv4.read_claim(arrived)
    assert claim is not None

    def prove() -> None:
        presented = sigv4.read_claim(arrived)
        assert presented is not None
        sigv4.verify(arrived, presented, SECRET, NOW)

    def load() -> None:
        table.cache_clear()
        table("iam")

    return {
        "request": _best(lambda: _request(headers)),
        "read_claim": _best(lambda: sigv4.read_claim(arrived)),
        "verify": _best(lambda: sigv4.verify(arrived, claim, SECRET, NOW)),
        "claim+verify": _best(prove),
        "route+read": _best(
            lambda: catalog.read(arrived, catalog.route(arrived, claim))
        ),
        "answer": _best(lambda: answer.write(STS, "GetCallerIdentity", RESULT, "rid")),
        "sign": _best(lambda: sigv4.sign(arrived, SIGNER, NOW)),
        "load iam": _best(load, number=3),
    }


if __name__ == "__main__":
    print(
        json.dumps({name: round(value, 2) for name, value in run().items()}, indent=2)
    )

"""An audit record told to people: what `ostiary why` prints."""

from collections.abc import Iterator
from typing import Any

from ostiary.gate.operator_record import OPERATOR
from ostiary.policy import UNKNOWN

_WIDTH = 11
_REFUSED = 400


def tell(record: dict[str, Any]) -> str:
    """The record in a few lines: who asked for what, what decided, what would help."""
    return "\n".join(_lines(record))


def _lines(record: dict[str, Any]) -> Iterator[str]:
    service = record["eventSource"].removesuffix(".amazonaws.com")
    operation = record["eventName"] or "(unknown operation)"
    yield f"{service}:{operation} at {record['eventTime']}: {_answer(record)}"
    yield _row("caller", _caller(record))
    yield _row("credentials", credentials_of(record["userIdentity"]))
    for verdict in record.get("decisions", ()):
        yield from _verdict(verdict)
    if record.get("marks"):
        yield _row("marks", ", ".join(record["marks"]))
    if record.get("why"):
        yield _row("why", record["why"])
    if record.get("errorMessage"):
        yield _row("on the wire", f"{record['errorCode']}: {record['errorMessage']}")
    yield _row("revision", str(record["revision"]))


def _row(name: str, text: str) -> str:
    return f"  {name:<{_WIDTH}}  {text}"


def _answer(record: dict[str, Any]) -> str:
    status = record["status"]
    if status < _REFUSED:
        return f"allowed ({status})"
    return f"refused ({status} {record.get('errorCode', '')})"


def _caller(record: dict[str, Any]) -> str:
    who = record["userIdentity"]
    if who["type"] in _ASSERTED:
        return f"{who['type']} {who['userName']} of {who['issuer']}"
    if who["type"] == "AWSAccount":
        claimed = record.get("claimedAccessKeyId")
        return f"not proven; claimed to be {claimed}" if claimed else "anonymous"
    if who["type"] == OPERATOR:
        return f"the operator of this machine, {who['userName']}"
    return f"{who['type']} {who['arn']}"


def credentials_of(who: dict[str, Any]) -> str:
    """Which credentials signed, and what that means for the two MFA keys."""
    if who["type"] in _ASSERTED:
        return (
            "the word of an identity provider: `aws:MultiFactorAuthPresent` is absent, "
            "whatever the provider has asked for"
        )
    if who["type"] == "AWSAccount":
        return "none: `aws:MultiFactorAuthPresent` is absent"
    if who["type"] == OPERATOR:
        return "none: the command line opened the home folder"
    session = who.get("sessionContext")
    if session is not None:
        attributes = session["attributes"]
        has_mfa = attributes["mfaAuthenticated"] == "true"
        without = _WITHOUT_MFA.get(who["type"], ", without MFA")
        facts = ", with MFA" if has_mfa else without
        return (
            f"temporary {who['accessKeyId']} since {attributes['creationDate']}{facts}"
        )
    if who.get("mfaAuthenticatedInCall"):
        return (
            f"long-term access key {who['accessKeyId']} with a token code in this "
            "call: `aws:MultiFactorAuthPresent` is `true` for this decision"
        )
    return (
        f"long-term access key {who['accessKeyId']}: `aws:MultiFactorAuthPresent` is "
        "absent, since the request was signed with a long-term access key"
    )


_ASSERTED = frozenset({"SAMLUser", "WebIdentityUser"})
_WITHOUT_MFA = {
    "AssumedRole": ": a role session carries no MFA, whatever led to it",
    "FederatedUser": ": a federated user has no MFA keys",
}


def _value(seen: dict[str, Any]) -> str:
    if not seen["present"]:
        return "absent"
    if seen["value"] == list(UNKNOWN) and "ResourceTag/" in seen["key"]:
        # A tag has one text, so a list is the mark.
        return "unclear: tags' keys differ in letter case alone, so it is undecided"
    return f"`{seen['value']}`"


def _verdict(verdict: dict[str, Any]) -> Iterator[str]:
    yield _row(
        "decision",
        f"{verdict['outcome']}: {verdict['action']} on {verdict['resource']}",
    )
    for one in verdict["determining"]:
        where = one["policy"] or "policy"
        sid = f" `{one['sid']}`" if one["sid"] else ""
        yield _row("", f"by {one['kind']}: {where}, statement {one['statement']}{sid}")
    explanation = verdict.get("explanation")
    if not explanation:
        return
    for seen in explanation["keys"]:
        yield _row("", f"key {seen['key']} is {_value(seen)}")

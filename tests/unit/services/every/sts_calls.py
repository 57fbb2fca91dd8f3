"""As `calls`, for STS."""

from collections.abc import Mapping

from tests.unit.services.every.calls import KEY, OUTBOUND, TRUST, USER, Call, call, step

OWN_TRUST = TRUST.replace('"*"', '"{account}"').replace(
    '"sts:AssumeRole"', '["sts:AssumeRole", "sts:TagSession"]'
)
STS: Mapping[str, Call] = {
    "AssumeRole": call(
        step("CreateRole", RoleName="r", AssumeRolePolicyDocument=OWN_TRUST),
        RoleArn="{Arn}",
        RoleSessionName="me",
    ),
    "DecodeAuthorizationMessage": call(
        step("!refused by EC2"), EncodedMessage="{EncodedMessage}"
    ),
    "GetAccessKeyInfo": call(USER, KEY, AccessKeyId="{AccessKeyId}"),
    "GetCallerIdentity": call(),
    "GetFederationToken": call(Name="fed"),
    "GetSessionToken": call(),
    "GetWebIdentityToken": call(
        OUTBOUND, Audience=["https://x.example"], SigningAlgorithm="ES384"
    ),
}

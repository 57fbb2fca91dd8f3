"""As `faults`, for what takes an organization and for assertions of providers."""

from collections.abc import Mapping

from tests.unit.services.every.calls import step
from tests.unit.services.every.calls_assertions import response, token
from tests.unit.services.every.calls_estate import (
    APPOINTED,
    FOUNDED,
    JOINED,
    SWITCHES,
)
from tests.unit.services.every.provoked import (
    UNPACKABLE,
    Place,
    Provoked,
    anew,
    other,
)

_SAML, _WEB = "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"
_BILLING = step("organizations:CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
_STANDINGS: Mapping[str, Provoked] = {
    "AccountNotManagementOrDelegatedAdministratorException": anew(*JOINED),
    "OrganizationNotFoundException": anew(),
    "OrganizationNotInAllFeaturesModeException": anew(_BILLING),
    "ServiceAccessNotEnabledException": anew(FOUNDED),
}
PROVOKED: Mapping[Place, Provoked] = {
    **{
        (operation, code): how
        for operation in SWITCHES
        for code, how in _STANDINGS.items()
    },
    **{
        (operation, "CallerIsNotManagementAccountException"): anew(*APPOINTED)
        for operation in SWITCHES
        if operation.startswith("Enable")
    },
    **{
        (operation, code): other(Policy=text)
        for operation in (_SAML, _WEB)
        for code, text in (
            ("MalformedPolicyDocument", "{}"),
            ("PackedPolicyTooLarge", UNPACKABLE),
        )
    },
    (_SAML, "ExpiredTokenException"): other(SAMLAssertion=response(issued=-301)),
    (_SAML, "IDPRejectedClaim"): other(
        SAMLAssertion=response(
            status="urn:oasis:names:tc:SAML:2.0:status:Responder",
        )
    ),
    (_SAML, "InvalidIdentityToken"): other(SAMLAssertion="bm90aGluZw=="),
    (_WEB, "ExpiredTokenException"): other(WebIdentityToken=token(ended=True)),
    (_WEB, "IDPRejectedClaim"): other(WebIdentityToken=token(sub="x" * 999)),
    (_WEB, "InvalidIdentityToken"): other(
        WebIdentityToken=token(iss="https://x.example")
    ),
}
SHOWN: Mapping[Place, str] = {
    (_WEB, "IDPCommunicationError"): (
        "tests/unit/gate/test_whole_web_providers.py"
        "::test_an_outage_is_bridged_for_a_day"
    ),
}

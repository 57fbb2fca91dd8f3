"""What an identity provider has said of somebody, after it was proven.

An assertion is a token or a SAML response whose signature, times and audience have
been verified: `gate.assertions` is the one place that makes one (decision 0016).
It proves who somebody is elsewhere. What that is worth here is decided by the trust
policy of the role alone.
"""

from dataclasses import dataclass

from ostiary.identity.facts import Facts
from ostiary.identity.model import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One proven assertion about one subject.

    Attributes:
        provider: ARN of the identity provider here.
        issuer: what the provider calls itself.
        subject: whom the assertion is about, in the issuer's own words.
        audience: whom it is for; for SAML, where it was delivered.
        subject_type: of a SAML subject; empty for a token.
        name_qualifier: tells SAML subjects of all providers apart; empty for a token.
        session_name: the role session name.
        tags: session tags.
        transitive: those of the tags' keys that role chaining hands on.
        source_identity: empty when none was asserted.
        facts: the condition keys that the role's trust policy sees.
        kept: those of the keys that credentials of the session carry on.
        longest: seconds that a session may last at most; None without a limit.
        ends: when a session must end; None without a limit.
        once: under which name it is used once; empty for what may be used again.
        ends_itself: when the assertion is good for nothing any more.
    """

    provider: str
    issuer: str
    subject: str
    audience: str
    subject_type: str = ""
    name_qualifier: str = ""
    session_name: str
    tags: Tags = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    facts: Facts
    kept: Facts
    longest: int | None = None
    ends: int | None = None
    once: str = ""
    ends_itself: int

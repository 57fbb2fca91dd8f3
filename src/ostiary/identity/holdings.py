"""What an account holds besides its principals and their policies, as frozen values.

Instance profiles, identity providers, certificates and keys of users, and what the
account as a whole is asked to keep. `identity.model` has the rest.
"""

from dataclasses import dataclass

from ostiary.identity.model import Tags, iam_arn


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProfile:
    """What an instance carries instead of a role: a box that holds one role."""

    id: str
    account: str
    name: str
    path: str
    created: int
    role: str
    """The role's unique id; empty while there is none."""
    tags: Tags

    @property
    def key(self) -> str:
        """The unique id, `AIPA…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, "instance-profile", self.path, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class OIDCProvider:
    """An identity provider that speaks OpenID Connect."""

    arn: str
    account: str
    url: str
    """Without the scheme, as answers show it."""
    clients: str
    """The client ids in the order of their coming, as a JSON list."""
    thumbprints: str
    """The certificates' thumbprints, as a JSON list."""
    created: int
    tags: Tags

    @property
    def key(self) -> str:
        """The ARN."""
        return self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class SAMLProvider:
    """An identity provider that speaks SAML 2.0."""

    arn: str
    account: str
    name: str
    id: str
    """The unique id in answers: a provider of the same name later has another."""
    metadata: str
    """The provider's metadata document, as it was sent."""
    created: int
    valid_until: int
    """When the first of its certificates ends."""
    tags: Tags

    @property
    def key(self) -> str:
        """The ARN."""
        return self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """A certificate of a server, with its private key."""

    id: str
    account: str
    name: str
    path: str
    created: int
    expires: int
    body: str
    chain: str
    """The certificates between it and the root; empty when none were sent."""
    private_key: bytes
    """Sealed by the vault; no operation ever shows it."""
    tags: Tags

    @property
    def key(self) -> str:
        """The unique id, `ASCA…`."""
        return self.id

    @property
    def arn(self) -> str:
        """The ARN, with the path."""
        return iam_arn(self.account, "server-certificate", self.path, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningCertificate:
    """An X.509 certificate with which a user signs."""

    id: str
    account: str
    user: str
    """The user's unique id."""
    body: str
    fingerprint: str
    """SHA-256 of the certificate: one certificate is one user's."""
    status: str
    created: int

    @property
    def key(self) -> str:
        """The certificate id."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SSHPublicKey:
    """A user's SSH public key, for CodeCommit."""

    id: str
    account: str
    user: str
    """The user's unique id."""
    body: str
    """The key as OpenSSH writes it."""
    fingerprint: str
    status: str
    created: int

    @property
    def key(self) -> str:
        """The key id, `APKA…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCredential:
    """A user name and password for one service that takes no signatures."""

    id: str
    account: str
    user: str
    """The user's unique id."""
    service: str
    name: str
    """The user name, or the alias, that goes with the password."""
    secret: bytes
    """The password, sealed by the vault."""
    status: str
    created: int
    expires: int
    """0 when it does not end."""

    @property
    def key(self) -> str:
        """The credential id, `ACCA…`."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What an account asks of its users' passwords."""

    account: str
    length: int
    """The fewest characters."""
    symbols: bool
    numbers: bool
    upper: bool
    lower: bool
    self_service: bool
    """Whether users may change their own without a policy that says so."""
    max_age: int
    """Days that a password lives; 0 for ever."""
    reuse: int
    """How many passwords back must differ; 0 for none."""
    hard_expiry: int
    """Whether an ended password needs an administrator: 1, 0, or -1 if not said."""

    @property
    def key(self) -> str:
        """The account's twelve digits."""
        return self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialReport:
    """The account's newest credential report."""

    account: str
    created: int
    content: str
    """CSV."""

    @property
    def key(self) -> str:
        """The account's twelve digits."""
        return self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionTask:
    """The deletion of a service-linked role, which is done when it is here."""

    id: str
    account: str
    created: int

    @property
    def key(self) -> str:
        """The task id."""
        return self.id

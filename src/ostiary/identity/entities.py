"""All kinds of entities, in the order in which they may be put into a store."""

from ostiary.identity import holdings, model
from ostiary.identity.model import Entity

ENTITIES: tuple[type[Entity], ...] = (
    model.Account,
    model.User,
    model.Group,
    model.Role,
    model.Policy,
    model.PolicyVersion,
    model.InlinePolicy,
    model.Attachment,
    model.Membership,
    model.AccessKey,
    model.LoginProfile,
    model.MFADevice,
    model.ResourcePolicy,
    model.OwnedResource,
    model.SealingKey,
    holdings.InstanceProfile,
    holdings.OIDCProvider,
    holdings.SAMLProvider,
    holdings.ServerCertificate,
    holdings.SigningCertificate,
    holdings.SSHPublicKey,
    holdings.ServiceCredential,
    holdings.PasswordPolicy,
    holdings.CredentialReport,
    holdings.DeletionTask,
)

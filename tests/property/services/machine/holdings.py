"""Keys, passwords, profiles, providers and the account, told a second time."""

from typing import Final

from tests.property.services.machine.telling import (
    ANY,
    Estate,
    InstanceProfile,
    Operation,
    Owner,
    Params,
    Provider,
    Refused,
    Told,
    accepts_default_password,
    as_written,
    full,
    must_wait,
    refuse,
    tagged,
    unknown,
)

PER_SERVICE: Final = 2
THUMBPRINTS: Final = 5
GIT: Final = "codecommit.amazonaws.com"


def keys_of(estate: Estate, params: Params) -> tuple[dict[str, str], Owner | None]:
    """The keys of the user, or of root, who names nobody."""
    if "UserName" not in params:
        return estate.root_keys, None
    user = estate.owner("User", params)
    return user.keys, user


def _create_key(estate: Estate, params: Params) -> Told:
    keys, user = keys_of(estate, params)
    refuse(full("AccessKeysPerUser", len(keys)))
    told: Told = {"Status": "Active"}
    if user is not None:
        told["UserName"] = user.name
    return {"AccessKey": told}


def _known_keys(estate: Estate, params: Params) -> dict[str, str]:
    keys, key_id = keys_of(estate, params)[0], params["AccessKeyId"]
    if key_id not in keys:
        raise unknown(f"The Access Key with id {key_id} cannot be found.")
    return keys


def _update_key(estate: Estate, params: Params) -> Told:
    _known_keys(estate, params)[params["AccessKeyId"]] = params["Status"]
    return {}


def _delete_key(estate: Estate, params: Params) -> Told:
    del _known_keys(estate, params)[params["AccessKeyId"]]
    return {}


def require_password(estate: Estate, user: Owner, text: str) -> None:
    """Nothing, when the account's policy takes the password."""
    policy = estate.password_policy
    if policy:
        fits = len(text) >= policy["MinimumPasswordLength"] and (
            not policy["RequireNumbers"] or any(one.isdigit() for one in text)
        )
    else:
        fits = accepts_default_password(text, user)
    if not fits:
        raise Refused(("PasswordPolicyViolation", ANY))


def _create_login(estate: Estate, params: Params) -> Told:
    user = estate.owner("User", params)
    refuse(
        (
            bool(user.password),
            "EntityAlreadyExists",
            f"Login Profile for user {user.name} already exists.",
        )
    )
    require_password(estate, user, params["Password"])
    user.password = params["Password"]
    user.must_reset = params.get("PasswordResetRequired", False)
    told = {"UserName": user.name, "PasswordResetRequired": user.must_reset}
    return {"LoginProfile": told}


def _login(estate: Estate, params: Params) -> Owner:
    user = estate.owner("User", params)
    if not user.password:
        raise unknown(f"Login Profile for User {user.name} cannot be found.")
    return user


def _get_login(estate: Estate, params: Params) -> Told:
    user = _login(estate, params)
    told = {"UserName": user.name, "PasswordResetRequired": user.must_reset}
    return {"LoginProfile": told}


def _delete_login(estate: Estate, params: Params) -> Told:
    user = _login(estate, params)
    user.password, user.must_reset = "", False
    user.wrong_passwords.clear()
    return {}


def _update_login(estate: Estate, params: Params) -> Told:
    """A password that somebody else sets starts anew, wrong tries and all."""
    user = _login(estate, params)
    if "Password" in params:
        require_password(estate, user, params["Password"])
        user.password = params["Password"]
        user.wrong_passwords.clear()
    user.must_reset = params.get("PasswordResetRequired", user.must_reset)
    return {}


def change_password(estate: Estate, user: Owner, key: str, params: Params) -> Told:
    """The user's own key tells the old password, and sets another."""
    _login(estate, {"UserName": user.name})
    wrong = user.wrong_passwords.setdefault(key, [])
    refused = Refused(("AccessDenied", "The old password was incorrect."))
    if must_wait(wrong, estate.now):
        raise refused
    if params["OldPassword"] != user.password:
        wrong.append(estate.now)
        raise refused
    wrong.clear()
    require_password(estate, user, params["NewPassword"])
    user.password, user.must_reset = params["NewPassword"], False
    return {}


def _create_profile(estate: Estate, params: Params) -> Told:
    name, tags = params["InstanceProfileName"], tagged({}, params, as_written)
    refuse(
        (
            name.lower() in estate.profiles,
            "EntityAlreadyExists",
            f"Instance Profile {name} already exists.",
        )
    )
    profile = InstanceProfile(name=name, path=params.get("Path", "/"), tags=tags)
    estate.profiles[name.lower()] = profile
    arn = estate.arn("instance-profile", profile.path, name)
    return {"InstanceProfile": {"InstanceProfileName": name, "Arn": arn, "Roles": []}}


def _profile(estate: Estate, params: Params) -> InstanceProfile:
    name = params["InstanceProfileName"]
    if name.lower() not in estate.profiles:
        raise unknown(f"Instance Profile {name} cannot be found.")
    return estate.profiles[name.lower()]


def _delete_profile(estate: Estate, params: Params) -> Told:
    profile = _profile(estate, params)
    refuse(
        (
            profile.role is not None,
            "DeleteConflict",
            "Cannot delete entity, must remove roles from instance profile first.",
        )
    )
    del estate.profiles[profile.name.lower()]
    return {}


def _add_role(estate: Estate, params: Params) -> Told:
    profile, role = _profile(estate, params), estate.owner("Role", params)
    refuse(full("InstanceSessionsPerInstanceProfile", int(profile.role is not None)))
    profile.role = role
    return {}


def _remove_role(estate: Estate, params: Params) -> Told:
    profile, role = _profile(estate, params), estate.owner("Role", params)
    if profile.role is not role:
        raise unknown(
            f"Role {role.name} in Instance Profile {profile.name} cannot be found."
        )
    profile.role = None
    return {}


def _create_alias(estate: Estate, params: Params) -> Told:
    """A new alias takes the place of the old one; the same again is taken."""
    alias = params["AccountAlias"]
    taken = f"The account alias {alias} already exists."
    refuse((alias == estate.alias, "EntityAlreadyExists", taken))
    estate.alias = alias
    return {}


def _delete_alias(estate: Estate, params: Params) -> Told:
    refuse((params["AccountAlias"] != estate.alias, "NoSuchEntity", ANY))
    estate.alias = ""
    return {}


def _update_password_policy(estate: Estate, params: Params) -> Told:
    """What is not sent has its default again."""
    estate.password_policy = {
        "MinimumPasswordLength": params.get("MinimumPasswordLength", 6),
        "RequireNumbers": params.get("RequireNumbers", False),
    }
    return {}


def _get_password_policy(estate: Estate, _: Params) -> Told:
    if not estate.password_policy:
        raise unknown(
            f"The Password Policy with domain name {estate.id} cannot be found."
        )
    return {"PasswordPolicy": estate.password_policy}


def _delete_password_policy(estate: Estate, _: Params) -> Told:
    refuse((not estate.password_policy, "NoSuchEntity", ANY))
    estate.password_policy = {}
    return {}


def _create_provider(estate: Estate, params: Params) -> Told:
    url = params["Url"]
    arn = estate.arn("oidc-provider", "/", url.removeprefix("https://"))
    thumbprints = params.get("ThumbprintList", [])
    exists = f"Provider with url {url} already exists."
    refuse(
        (
            len(thumbprints) > THUMBPRINTS,
            "InvalidInput",
            "Thumbprint list must contain fewer than 5 entries.",
        ),
        (arn in estate.providers, "EntityAlreadyExists", exists),
    )
    clients = list(dict.fromkeys(params.get("ClientIDList", [])))
    estate.providers[arn] = Provider(arn, clients, thumbprints)
    return {"OpenIDConnectProviderArn": arn}


def _provider(estate: Estate, params: Params) -> Provider:
    arn = params["OpenIDConnectProviderArn"]
    if arn not in estate.providers:
        raise unknown(f"OpenIDConnect Provider not found for arn {arn}")
    return estate.providers[arn]


def _get_provider(estate: Estate, params: Params) -> Told:
    found = _provider(estate, params)
    return {"ClientIDList": found.clients, "ThumbprintList": found.thumbprints}


def _add_client(estate: Estate, params: Params) -> Told:
    clients = _provider(estate, params).clients
    if params["ClientID"] not in clients:
        clients.append(params["ClientID"])
    return {}


def _remove_client(estate: Estate, params: Params) -> Told:
    clients = _provider(estate, params).clients
    if params["ClientID"] in clients:
        clients.remove(params["ClientID"])
    return {}


def _delete_provider(estate: Estate, params: Params) -> Told:
    arn = params["OpenIDConnectProviderArn"]
    if arn not in estate.providers:
        raise unknown(f"OpenId connect Provider {arn} cannot be found.")
    del estate.providers[arn]
    return {}


def _create_credential(estate: Estate, params: Params) -> Told:
    user = estate.owner("User", params)
    refuse((len(user.credentials) >= PER_SERVICE, "LimitExceeded", ANY))
    told = {"UserName": user.name, "Status": "Active", "ServiceName": GIT}
    return {"ServiceSpecificCredential": told}


def _delete_credential(estate: Estate, params: Params) -> Told:
    user, number = estate.owner("User", params), params["ServiceSpecificCredentialId"]
    if number not in user.credentials:
        raise unknown(f"No such credential {number} exists")
    del user.credentials[number]
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateAccessKey": _create_key,
    "UpdateAccessKey": _update_key,
    "DeleteAccessKey": _delete_key,
    "CreateLoginProfile": _create_login,
    "GetLoginProfile": _get_login,
    "UpdateLoginProfile": _update_login,
    "DeleteLoginProfile": _delete_login,
    "CreateInstanceProfile": _create_profile,
    "DeleteInstanceProfile": _delete_profile,
    "AddRoleToInstanceProfile": _add_role,
    "RemoveRoleFromInstanceProfile": _remove_role,
    "CreateAccountAlias": _create_alias,
    "DeleteAccountAlias": _delete_alias,
    "UpdateAccountPasswordPolicy": _update_password_policy,
    "GetAccountPasswordPolicy": _get_password_policy,
    "DeleteAccountPasswordPolicy": _delete_password_policy,
    "CreateOpenIDConnectProvider": _create_provider,
    "GetOpenIDConnectProvider": _get_provider,
    "AddClientIDToOpenIDConnectProvider": _add_client,
    "RemoveClientIDFromOpenIDConnectProvider": _remove_client,
    "DeleteOpenIDConnectProvider": _delete_provider,
    "CreateServiceSpecificCredential": _create_credential,
    "DeleteServiceSpecificCredential": _delete_credential,
}

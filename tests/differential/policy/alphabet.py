"""The small alphabet from which policies and requests are drawn."""

from typing import Any

Json = dict[str, Any]

A, B = "111122223333", "444455556666"

# Actions, each with resources that it may be asked for.
OBJECTS = [
    "arn:aws:s3:::books/a/x.txt",
    "arn:aws:s3:::books/ana/x.txt",
    "arn:aws:s3:::logs/*",
]
INSTANCES = [f"arn:aws:ec2:us-east-1:{account}:instance/i-1" for account in (A, B)]
TABLES = [f"arn:aws:dynamodb:us-east-1:{account}:table/Books" for account in (A, B)]
ROLES = [f"arn:aws:iam::{A}:role/Reader", f"arn:aws:iam::{B}:role/ops/Admin"]
KEYS = [f"arn:aws:kms:us-east-1:{account}:key/k1" for account in (A, B)]
RESOURCES = {
    "s3:GetObject": OBJECTS,
    "s3:PutObject": OBJECTS,
    "ec2:StopInstances": INSTANCES,
    "dynamodb:GetItem": TABLES,
    "iam:ListUsers": ["*"],
    "sts:AssumeRole": ROLES,
    "sts:TagSession": ROLES,
    "sts:AssumeRoleWithSAML": ROLES,
    "kms:Decrypt": KEYS,
    "kms:ListKeys": ["*"],
}
NEAR_ACTIONS = {
    "s3": ["s3:*", "S3:get*", "s3:?etObject", "s3:PutObject", "s3:Get", "s3:*Object"],
    "ec2": ["ec2:*", "ec2:stop*", "ec2:Stop?nstances", "ec2:TerminateInstances"],
    "dynamodb": ["dynamodb:*", "dynamodb:getitem", "dynamodb:Get*", "dynamodb:PutItem"],
    "iam": ["iam:*", "iam:List*", "IAM:listusers", "iam:ListRoles"],
    "sts": [
        "sts:*",
        "sts:Assume*",
        "sts:AssumeRole",
        "sts:TagSession",
        "STS:ASSUMEROLE",
    ],
    "kms": ["kms:*", "kms:Decrypt", "kms:De*", "kms:Encrypt"],
}
NEAR_RESOURCES = {
    "s3": [
        "arn:aws:s3:::books/*",
        "arn:aws:s3:::books",
        "arn:aws:s3:::*",
        "arn:aws:s3:::?ogs/${*}",
        "arn:aws:s3:::books/${aws:username}/*",
        "arn:aws:s3:::BOOKS/*",
        "arn:aws:s3:::b*/A/*",
        "arn:aws:s3:::books/${aws:PrincipalTag/team, 'a'}/*",
        "arn:aws:s3:::*/*.txt",
        "arn:aws:s3:::books/${aws:TagKeys}/*",
        "arn:*:s3:::books/?/x.txt",
        "arn:aws:s3:::*:*",
        "arn:aws:s3:::books/${aws:RequestTag/team,'ana'}/x${?}txt",
    ],
    "ec2": [
        f"arn:aws:ec2:*:{A}:instance/*",
        "arn:aws:ec2:us-east-1:*:instance/i-?",
        "arn:aws:ec2:*:*:*",
        f"arn:aws:ec2:US-EAST-1:{B}:instance/i-1",
        "arn:aws:ec2:*",
        "arn:aws:ec2:*:*:instance/I-1",
        "arn:aws:ec2:*:*:instance/${app:name}",
    ],
    "dynamodb": [
        "arn:aws:dynamodb:*:*:table/Books",
        f"arn:aws:dynamodb:*:{A}:table/*",
        "arn:aws:dynamodb:*:*:table/books",
        "arn:aws:dynamodb:*:*:*:table/Books",
        "arn:aws:dynamodb:us-?ast-1:*:*/B*s",
    ],
    "iam": ["arn:aws:iam::*:user/*", f"arn:aws:iam::{A}:*"],
    "sts": [
        *ROLES,
        "arn:aws:iam::*:role/*",
        f"arn:aws:iam::{A}:role/reader",
        "arn:aws:iam::*:role/ops/*",
        "arn:aws:iam::*:role/${aws:PrincipalTag/team}",
    ],
    "kms": [*KEYS, "arn:aws:kms:*:*:key/*", f"arn:aws:kms:*:{B}:key/k?"],
}

# Callers: principal, and what the context then says of it (facts 5.2).
ANA, BO, CY = (
    f"arn:aws:iam::{A}:user/team/Ana",
    f"arn:aws:iam::{A}:user/Bo",
    f"arn:aws:iam::{B}:user/Cy",
)
ADMIN, PLAIN, FAR = (
    f"arn:aws:iam::{A}:role/ops/Admin",
    f"arn:aws:iam::{A}:role/Plain",
    f"arn:aws:iam::{B}:role/Far",
)
ADMIN_SESSION, PLAIN_SESSION, FAR_SESSION = (
    f"arn:aws:sts::{A}:assumed-role/Admin/s1",
    f"arn:aws:sts::{A}:assumed-role/Plain/s2",
    f"arn:aws:sts::{B}:assumed-role/Far/s1",
)
FED_A, FED_B = (
    f"arn:aws:sts::{A}:federated-user/Fi",
    f"arn:aws:sts::{B}:federated-user/Fi",
)
ROOT_A, ROOT_B = f"arn:aws:iam::{A}:root", f"arn:aws:iam::{B}:root"
SERVICE = "ec2.amazonaws.com"
PROVIDER = f"arn:aws:iam::{A}:saml-provider/P"


def _about(kind: str, arn: str, userid: str, **more: str) -> Json:
    account = arn.split(":")[4]
    return {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": kind,
        "aws:userid": userid,
        **{f"aws:{key}": value for key, value in more.items()},
    }


CALLERS: dict[str, Json] = {
    ANA: _about("User", ANA, "AIDAANA2EXAMPLE34567X", username="ana"),
    BO: _about("User", BO, "AIDABOB2EXAMPLE34567X", username="Bo"),
    CY: _about("User", CY, "AIDACYY2EXAMPLE34567X", username="a"),
    ADMIN_SESSION: _about("AssumedRole", ADMIN, "AROAADM2EXAMPLE345671:s1"),
    PLAIN_SESSION: _about("AssumedRole", PLAIN, "AROAPLN2EXAMPLE345671:s2"),
    FAR_SESSION: _about("AssumedRole", FAR, "AROAFAR2EXAMPLE345671:s1"),
    FED_A: _about("FederatedUser", FED_A, f"{A}:Fi"),
    FED_B: _about("FederatedUser", FED_B, f"{B}:Fi"),
    ROOT_A: _about("Account", ROOT_A, A),
    ROOT_B: _about("Account", ROOT_B, B),
    SERVICE: {"aws:PrincipalServiceName": SERVICE, "aws:PrincipalIsAWSService": "true"},
    PROVIDER: {"saml:aud": "https://signin.aws.amazon.com/saml"},
    "anonymous": {
        "aws:PrincipalAccount": "anonymous",
        "aws:PrincipalType": "Anonymous",
    },
}
DRAWN_CALLERS = [
    *([ANA] * 9 + [BO] * 4 + [CY] * 6),
    *([ADMIN_SESSION] * 8 + [PLAIN_SESSION] * 4 + [FAR_SESSION] * 5),
    *([FED_A] * 4 + [FED_B] + [ROOT_A] * 3 + [ROOT_B] * 2),
    *([SERVICE] * 2 + [PROVIDER] + ["anonymous"] * 3),
]
OUTSIDERS = (SERVICE, PROVIDER, "anonymous")
SESSIONS = {ADMIN_SESSION: ADMIN, PLAIN_SESSION: PLAIN, FAR_SESSION: FAR}
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": A},
    {"AWS": B},
    {"AWS": ROOT_A},
    {"AWS": [A, B]},
    {"AWS": [ROOT_B, ANA]},
    {"AWS": ANA},
    {"AWS": [BO, CY]},
    {"AWS": ADMIN},
    {"AWS": [PLAIN, FAR]},
    {"AWS": ADMIN_SESSION},
    {"AWS": FED_A},
    {"AWS": "AIDAANA2EXAMPLE34567X"},
    {"AWS": ["AROAADM2EXAMPLE345671", BO]},
    {"Service": SERVICE},
    {"Service": [SERVICE, "sns.amazonaws.com"], "AWS": A},
    {"AWS": FAR_SESSION},
    {"AWS": f"arn:aws:iam::{A}:role/Admin"},
    {"Federated": PROVIDER, "AWS": CY},
    {"Federated": [PROVIDER, "accounts.google.com"]},
]

# Context keys by type: (values asked for in policies, values found in requests).
TEXTS = (
    [
        "a",
        "b",
        "ana",
        "Ana",
        "a*",
        "?",
        "*",
        "${aws:username}",
        "${app:name}x",
        "a${*}",
        "a?",
        "k",
        "ANA",
        "bO",
        "",
    ],
    [
        "a",
        "b",
        "ana",
        "Ana",
        "a*",
        "ab",
        "${aws:username}",
        "Bo",
        "anax",
        "\u212a",  # the Kelvin sign, which `str.lower` makes a `k`
        "*",
        "",
    ],
)
ARNS = (
    [
        ANA,
        ADMIN,
        f"arn:aws:iam::{A}:*",
        "arn:aws:iam::*:role/*",
        "arn:aws:iam::*:user/?o",
        "arn:*:iam::*:*/Admin",
        "arn:aws:iam::${aws:PrincipalAccount}:user/*",
        f"arn:aws:*:{A}:x",
        "arn:aws:iam::*:user/team/${aws:username}",
        "arn:aws:sns:*:*:*",
        "arn:aws:IAM::*:*",
        "arn:aws:iam::*:${app:name, 'user'}/*",
        "arn:aws:*:*:*:x",
        "${aws:SourceArn}",
        "arn:aws:iam::${app:name}",
        "*",
    ],
    [
        ANA,
        BO,
        ADMIN,
        FAR,
        f"arn:aws:sns:us-east-1:{A}:topic:x",
        "no-arn",
        "arn:aws:iam::x",
    ],
)
NUMBERS = (
    ["0", "10", "3600", 3600, 10, "10.0", 10.5, "-1", "3600.5", "+5"],
    [
        "0",
        "10",
        "3599",
        "3600",
        "3601",
        "10.5",
        "-1",
        "0010",
        "soon",
        "NaN",
        "1e400",
        "٣",
        "",
    ],
)
DATES = (
    [
        "2026",
        "2026-01",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T02:00:00+02:00",
        "2025-12-31T23:59:59.5Z",
        "1767225600",
        1767225600,
        "2026-01-01T00:00Z",
        "-1",
    ],
    [
        "2026-01-01T00:00:00Z",
        "2025-12-31T23:59:59Z",
        "2026-01-01T00:00:00.250Z",
        "2026-01-01T00:00:00.000000001Z",
        "1767225600",
        "2026-01-01T01:00:00+01:00",
        "1767225599",
        "today",
        "2026-13-01T00:00:00Z",
        "",
    ],
)
BOOLS = (
    ["true", "false", True, False, "True", "${app:flag}"],
    ["true", "false", "TRUE", "maybe"],
)
ADDRESSES = (
    [
        "10.0.0.0/8",
        "10.1.2.3/8",
        "10.0.0.1",
        "203.0.113.0/24",
        "0.0.0.0/0",
        "2001:db8::/32",
        "2001:db8::1",
        "::/0",
        "::ffff:10.0.0.0/104",
    ],
    [
        "10.0.0.1",
        "203.0.113.7",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "010.0.0.1",
        "fe80::1%eth0",
        "10.0.0.0/8",
        "nowhere",
    ],
)
BLOBS = (["QQ==", "QUI=", "QUJD"], ["QQ==", "QUI=", "QUJD", "Zm9v", "no base64!"])

FAMILIES: dict[str, tuple[list[str], tuple[list[Any], list[str]]]] = {
    "String": (
        [
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
        ],
        TEXTS,
    ),
    "Arn": (["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"], ARNS),
    "Numeric": (
        [
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericGreaterThan",
            "NumericLessThanEquals",
            "NumericGreaterThanEquals",
        ],
        NUMBERS,
    ),
    "Date": (
        [
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateGreaterThan",
            "DateLessThanEquals",
            "DateGreaterThanEquals",
        ],
        DATES,
    ),
    "Bool": (["Bool"], BOOLS),
    "Ip": (["IpAddress", "NotIpAddress"], ADDRESSES),
    "Binary": (["BinaryEquals"], BLOBS),
}
SINGLE_KEYS = {  # with the family that fits; MFA keys are asked for most
    "aws:username": "String",
    "aws:PrincipalTag/team": "String",
    "aws:RequestTag/team": "String",
    "app:name": "String",
    "aws:PrincipalType": "String",
    "aws:PrincipalArn": "Arn",
    "aws:SourceArn": "Arn",
    "app:count": "Numeric",
    "aws:EpochTime": "Date",
    "aws:CurrentTime": "Date",
    "aws:TokenIssueTime": "Date",
    "app:flag": "Bool",
    "aws:SourceIp": "Ip",
    "app:blob": "Binary",
}
MFA_KEYS = {"aws:MultiFactorAuthPresent": "Bool", "aws:MultiFactorAuthAge": "Numeric"}
MANY_KEYS = {"aws:TagKeys": "String", "aws:CalledVia": "String", "app:arns": "Arn"}
FAMILY_OF = SINGLE_KEYS | MFA_KEYS | MANY_KEYS
DRAWN_KEYS = [*SINGLE_KEYS, *[*MFA_KEYS] * 4, *[*MANY_KEYS] * 2]
OPTIONAL_KEYS = [
    key
    for key in SINGLE_KEYS
    if not key.startswith(("aws:username", "aws:PrincipalArn", "aws:PrincipalType"))
]

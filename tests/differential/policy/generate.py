"""Random but valid `decide` cases over a small alphabet, so that matches are common.

The request is drawn first; policies are then drawn near it. `case(seed)` depends on the
seed alone, so a seed is all that is needed to see a case again.
"""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.differential.policy import alphabet
from tests.differential.policy.alphabet import (
    FAMILIES,
    FAMILY_OF,
    MANY_KEYS,
    A,
    B,
    Json,
)


class Draw:
    """One case being drawn."""

    def __init__(self, seed: int) -> None:
        """Everything below depends on the seed alone."""
        self.random = Random(seed)
        self.choice = self.random.choice
        self.principal = self.choice(alphabet.DRAWN_CALLERS)
        self.action = self.choice([*alphabet.RESOURCES])
        self.service = self.action.split(":")[0]
        self.resource = self.choice(alphabet.RESOURCES[self.action])
        self.variables = True  # whether the document being drawn knows them

    def chance(self, of: float) -> bool:
        """True as often as told."""
        return self.random.random() < of

    def some(self, pool: list[Any], bare: float = 0.6) -> Any:
        """A bare value, or a list of one to three."""
        if self.chance(bare):
            return self.choice(pool)
        return [self.choice(pool) for _ in range(self.random.randint(1, 3))]

    # The request.

    def mfa(self) -> dict[str, str]:
        """One of the states of the matrix in facts 2."""
        issued = {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}
        verified = {
            "aws:MultiFactorAuthPresent": "true",
            "aws:MultiFactorAuthAge": self.choice(
                ["0", "10", "3599", "3600", "3601", "soon"]
            ),
        }
        states: list[dict[str, str]] = [
            {},
            verified if self.service == "sts" else {},
            issued | {"aws:MultiFactorAuthPresent": "false"},
            issued | verified,
            issued | verified,
            issued,
        ]
        return self.choice(states)

    def context(self) -> Json:
        """What the principal implies, an MFA state, and other keys by chance."""
        found: Json = {**alphabet.CALLERS[self.principal], **self.mfa()}
        for key in alphabet.OPTIONAL_KEYS:
            if key not in found and self.chance(0.35):
                found[key] = self.choice(FAMILIES[alphabet.SINGLE_KEYS[key]][1][1])
        for key, family in MANY_KEYS.items():
            if self.chance(0.5):
                pool = FAMILIES[family][1][1]
                found[key] = [
                    self.choice(pool) for _ in range(self.random.randint(0, 3))
                ]
        if self.chance(0.1):  # key names do not mind case
            found = {key.upper(): value for key, value in found.items()}
        return found

    # Policies.

    def operator(self, key: str) -> str:
        """An operator for the key; now and then of a family that does not fit."""
        family = FAMILY_OF[key] if self.chance(0.93) else self.choice([*FAMILIES])
        base: str = self.choice(FAMILIES[family][0])
        prefix = ""
        if self.chance(0.85 if key in MANY_KEYS else 0.06):
            prefix = self.choice(["ForAllValues:", "ForAnyValue:"])
        return prefix + base + ("IfExists" if self.chance(0.25) else "")

    def condition(self) -> Json:
        """A block of one to three tests."""
        block: Json = {}
        for _ in range(self.choice([1, 1, 1, 2, 3])):
            key = self.choice(alphabet.DRAWN_KEYS)
            if self.chance(0.12):
                operator, base, pool = "Null", "Null", ["true", "false", True, False]
            else:
                operator = self.operator(key)
                base = operator.rpartition(":")[2].removesuffix("IfExists")
                found = (pair[0] for names, pair in FAMILIES.values() if base in names)
                pool = next(found)
                if base == "Bool" and not self.variables:
                    pool = pool[:-1]  # the variable would be a bad word
            spelled = key.lower() if self.chance(0.05) else key
            wanted = self.some(pool)
            if base.startswith(("String", "Arn")) and self.chance(0.02):
                wanted = []  # where every request value can be read
            block.setdefault(operator, {})[spelled] = wanted
        return block

    def names(self) -> list[str]:
        """What a policy may call the caller; the account comes last."""
        role = alphabet.SESSIONS.get(self.principal, self.principal)
        return [self.principal, role, self.principal.split(":")[4]]

    def principal_element(self) -> Any:
        """A principal form that is likely to mean the caller."""
        if self.principal not in alphabet.OUTSIDERS and self.chance(0.35):
            return {"AWS": self.choice([*self.names(), [*self.names()[1:2], B], "*"])}
        return self.choice(alphabet.PRINCIPALS)

    def not_principal(self) -> Any:
        """Exceptions, often with all the names of the caller."""
        if self.principal not in alphabet.OUTSIDERS and self.chance(0.5):
            names = self.names()
            return {"AWS": self.choice([names, names, names[:2], names[:1], names[1:]])}
        return self.choice(alphabet.PRINCIPALS)

    def who(self, kind: str, effect: str, trust: bool) -> Json:
        """The principal part, where the kind has one; trust policies know no exceptions."""
        if kind in ("rcp", "endpoint"):
            return {"Principal": "*"}
        if kind != "resource":
            return {}
        if not trust and self.chance(0.5 if effect == "Deny" else 0.03):
            return {"NotPrincipal": self.not_principal()}
        return {"Principal": self.principal_element()}

    def what(self, kind: str, trust: bool) -> Json:
        """The action part, and the resource part, which trust policies have not."""
        actions = alphabet.NEAR_ACTIONS[self.service]
        if trust:
            return {"Action": self.some([*actions, self.action, self.action])}
        said: Json = {}
        if self.chance(0.1):
            said["NotAction"] = self.some([*actions[1:], "s3:PutObject", "ec2:Run*"])
        else:
            said["Action"] = self.some([*actions, self.action, self.action, "*"])
        pool = alphabet.NEAR_RESOURCES[self.service]
        if kind in ("identity", "boundary", "session") and self.chance(0.02):
            pool = [f"arn:aws:{self.service}", f"arn:aws:{self.service}:*"]
        if self.chance(0.1):
            said["NotResource"] = self.some(pool)
        else:
            said["Resource"] = self.some([*pool, self.resource, "*", "*", "*"])
        return said

    def statement(self, kind: str, deny: float, plain: float) -> Json:
        """One statement; `deny` and `plain` say how often it denies, has no condition."""
        effect = "Deny" if self.chance(deny) else "Allow"
        trust = kind == "resource" and self.service == "sts"
        said = {
            "Effect": effect,
            **self.who(kind, effect, trust),
            **self.what(kind, trust),
        }
        if not self.chance(plain):
            said["Condition"] = self.condition()
        return said

    def document(self, kind: str, deny: float, plain: float = 0.45) -> Json:
        """A policy document of one to three statements."""
        count = self.choice([1, 1, 2, 2, 3])
        said: Json = {}
        if self.chance(0.9):
            said["Version"] = "2012-10-17" if self.chance(0.95) else "2008-10-17"
        self.variables = said.get("Version") == "2012-10-17"
        statements = [self.statement(kind, deny, plain) for _ in range(count)]
        for place, statement in enumerate(statements):
            if self.chance(0.3):
                statement["Sid"] = f"S{place}"
        said["Statement"] = (
            statements[0] if count == 1 and self.chance(0.5) else statements
        )
        return said

    def limit(self, kind: str) -> list[Json]:
        """Documents of a kind that only limits: most often wide open."""
        wide: Json = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        if kind in ("rcp", "endpoint"):
            wide["Principal"] = "*"
        found = [
            self.document(kind, 0.12, 0.7) for _ in range(self.choice([0, 1, 1, 2]))
        ]
        if self.chance(0.6) or not found:
            found.append({"Version": "2012-10-17", "Statement": [wide]})
        return found

    def request(self) -> Json:
        """Who asks for what, and under which circumstances."""
        said: Json = {
            "action": self.action,
            "resource": self.resource,
            "principal": self.principal,
            "context": self.context(),
        }
        if self.chance(0.25):
            said["resource_account"] = self.choice([A, A, B])
        return said

    def own(self) -> Json:
        """The policies of the caller's account about the caller."""
        said: Json = {}
        if self.chance(0.9):
            many = self.choice([1, 1, 2, 3])
            said["identity_policies"] = [
                self.document("identity", 0.09) for _ in range(many)
            ]
        if self.chance(0.2):
            said["boundary"] = self.limit("boundary")
        if self.chance(0.4 if ":sts:" in self.principal else 0.02):
            said["session_policies"] = (
                self.limit("session") if self.chance(0.95) else []
            )
        return said

    def case(self, name: str) -> Json:
        """The case: request and policies."""
        said: Json = {"id": name, "request": self.request()}
        insider = self.principal not in alphabet.OUTSIDERS
        # What no account can have attached is drawn too, seldom: it must not open a door.
        usual = insider and not self.principal.endswith(":root")
        if usual or self.chance(0.05):
            said |= self.own()
        if self.chance(0.65 if insider else 0.9):
            said["resource_policy"] = self.document("resource", 0.14)
        if self.chance(0.15):
            said["scps"] = [self.limit("scp") for _ in range(self.choice([0, 1, 2, 3]))]
        if self.chance(0.1):
            said["rcps"] = [self.limit("rcp") for _ in range(self.choice([1, 2]))]
        if self.chance(0.08):
            said["endpoint_policies"] = self.limit("endpoint")
        return said


def case(seed: int) -> Json:
    """The case of a seed."""
    return Draw(seed).case(f"seed-{seed}")


def to_corpus(found: Json, expected: Json, source: str) -> str:
    """The case as a file for `tests/corpus/cases/found/`; its sentence is to be written."""
    case = {key: value for key, value in found.items() if key != "id"}
    expect = {"decision": expected.get("decision")}
    if expect["decision"] == "ImplicitlyDenied":
        expect["missing"] = expected.get("missing")
    elif expected.get("determining"):
        expect["determining"] = [
            {key: value for key, value in one.items() if value is not None}
            for one in expected["determining"]
        ]
    if "error" in expected:
        expect = {"error": True}
    about = f"Found by tests/differential/policy as {found.get('id')}."
    told = {"about": about, "source": source, "case": case, "expect": expect}
    return json.dumps(told, indent=2) + "\n"


def shrink(found: Json, fails: Callable[[Json], bool]) -> Json:
    """The smallest case that still fails, reached by leaving out one thing at a time."""
    while smaller := next(filter(fails, _smaller(found)), None):
        found = smaller
    return found


def _smaller(value: Any) -> Iterator[Any]:
    """Every value that is this one with one thing left out, the biggest things first."""
    if isinstance(value, list) and len(value) == 1:
        yield value[0]
    places = range(len(value)) if isinstance(value, list) else value
    if not isinstance(value, list | dict):
        return
    for place in places:
        if isinstance(value, list):
            yield value[:place] + value[place + 1 :]
        else:
            yield {key: kept for key, kept in value.items() if key != place}
    for place in places:
        for smaller in _smaller(value[place]):
            if isinstance(value, list):
                yield [*value[:place], smaller, *value[place + 1 :]]
            else:
                yield {**value, place: smaller}

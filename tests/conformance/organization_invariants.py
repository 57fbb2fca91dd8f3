"""What holds in the database about organizations; see `invariants`."""

OURS = "('p-FullAWSAccess', 'p-RCPFullAWSAccess')"
"""AWS's own policies, which no table has."""
PLACES = """(SELECT root AS id, id AS organization FROM organization
             UNION ALL SELECT id, organization FROM organization_unit)"""
TARGETS = f"""({PLACES[1:-1]}
              UNION ALL SELECT account, organization FROM organization_member)"""  # noqa: S608 - our own text

ORGANIZATIONS = {
    "an organization's manager is one of its members": """
        SELECT o.id FROM organization o
        LEFT JOIN organization_member m ON m.account = o.management
        WHERE m.account IS NULL OR m.organization <> o.id""",
    **{
        f"a row of {table} stands in the root or a unit of its organization": f"""
        SELECT x.* FROM {table} x LEFT JOIN {PLACES} p ON p.id = x.parent
        WHERE p.id IS NULL OR p.organization <> x.organization"""  # noqa: S608 - names from below
        for table in ("organization_unit", "organization_member")
    },
    "no unit stands in itself": """
        WITH RECURSIVE above(id, parent) AS (
            SELECT id, parent FROM organization_unit
            UNION SELECT a.id, u.parent FROM above a
            JOIN organization_unit u ON u.id = a.parent)
        SELECT id FROM above WHERE id = parent""",
    "a member is an account that is there": """
        SELECT m.account FROM organization_member m
        LEFT JOIN account a ON a.id = m.account WHERE a.id IS NULL""",
    **{
        f"the organization of a row in {table} is there": f"""
        SELECT x.* FROM {table} x LEFT JOIN organization o ON o.id = x.organization
        WHERE o.id IS NULL"""  # noqa: S608 - names from below
        for table in (
            *("organization_policy", "organization_policy_target"),
            *("trusted_service", "delegation"),
        )
    },
    "an attached control policy is AWS's, or one of its organization": f"""
        SELECT t.target, t.policy FROM organization_policy_target t
        LEFT JOIN organization_policy p ON p.id = t.policy
        WHERE t.policy NOT IN {OURS}
          AND (p.id IS NULL OR p.organization <> t.organization)""",  # noqa: S608 - our own text
    "a control policy hangs on the root, a unit or a member": f"""
        SELECT t.target, t.policy FROM organization_policy_target t
        LEFT JOIN {TARGETS} x
          ON x.id = t.target AND x.organization = t.organization
        WHERE x.id IS NULL""",  # noqa: S608 - our own text
    "a handshake's parent is one of its organization": """
        SELECT h.id, h.parent FROM handshake h
        LEFT JOIN handshake p ON p.id = h.parent
        WHERE h.parent <> ''
          AND (p.id IS NULL OR p.organization <> h.organization)""",
    "all features are enabled when every part agreed": """
        SELECT h.id FROM handshake h JOIN handshake p ON p.id = h.parent
        WHERE p.state IN ('OPEN', 'ACCEPTED')
          AND h.state NOT IN ('ACCEPTED', 'CANCELED')""",
    "a delegated administrator is a member": """
        SELECT d.account FROM delegation d
        LEFT JOIN organization_member m
          ON m.account = d.account AND m.organization = d.organization
        WHERE m.account IS NULL""",
}
"""No account is in a place that is not there, and no policy hangs on nothing."""

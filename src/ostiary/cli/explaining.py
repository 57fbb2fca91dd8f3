"""`ostiary why`: what the audit log knows of one request."""

import json
from pathlib import Path

from ostiary.cli.opening import settings_of, stop
from ostiary.gate import audit


def run(request_id: str, home: Path | None, *, as_json: bool) -> int:
    """Print why the request was allowed or refused; 1 when there is no such one."""
    settings = settings_of(home)
    record = audit.find(settings.audit_folder, request_id)
    if record is None:
        raise stop(f"no request `{request_id}` in the audit log of {settings.home}")
    if as_json:
        print(json.dumps(record))
    else:
        from ostiary.gate.telling import tell  # noqa: PLC0415 - only for people

        print(tell(record))
    return 0

"""The sandbox's own program: moto behind a loopback port, for its parent only.

The parent writes one line to standard input, the key that each request must carry,
and reads one line from standard output, the port. The program ends when its
standard input does, so it never outlives the parent, however that dies.
"""

import os
import sys
import threading

_SETTINGS = {
    # Buckets come in the path; the Host header is the client's.
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
    "MOTO_ALLOW_NONEXISTENT_REGION": "true",
    # No answer to other origins (T74).
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def main() -> None:
    """Serves until standard input ends."""
    for name in list(os.environ):
        if name.startswith(("MOTO_", "AWS_")):
            del os.environ[name]
    os.environ.update(_SETTINGS)
    key = sys.stdin.readline().strip()
    if not key:
        raise SystemExit("the sandbox is started by `ostiary serve` only")
    # Moto reads its settings when it is imported.
    from ostiary.gate.sandbox_moto import listen  # noqa: PLC0415 - see above

    server = listen(key)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    # Whatever moto prints from here on belongs to the log.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()


def _end_with_parent() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()

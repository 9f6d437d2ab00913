"""A real Postgres server, started for a test and stopped again."""

import os
import pwd
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest


def binary(name: str) -> str | None:
    """Return the path of one of Postgres' programs; Debian has them in a folder of their own."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


@contextmanager
def postgres_server():
    """Yield the URL of a fresh server; it refuses to run as root, so that it gets another user there."""
    initdb, postgres = binary("initdb"), binary("pg_ctl")
    if not initdb or not postgres:
        pytest.skip("no Postgres server is installed: apt-get install postgresql")
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    who = {}
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder, **who}
    subprocess.run([initdb, "-D", data, "-U", "hm", "-A", "trust"], check=True, **quiet)
    listen = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    subprocess.run([postgres, "-D", data, "-w", "-l", folder / "log", "-o", listen, "start"], check=True, **quiet)
    try:
        yield f"postgresql://hm@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([postgres, "-D", data, "-m", "immediate", "stop"], check=True, **quiet)
        shutil.rmtree(folder)

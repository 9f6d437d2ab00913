"""The online stores that tests run on: SQLite, and a real Redis server, started here and stopped again."""

import shutil
import socket
import subprocess
import time

import pytest

from .online_home import make_home


@pytest.fixture
def home(tmp_path):
    """A home of random tables, two weeks of each, registered."""
    return make_home(tmp_path / "home")


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    """URL of a fresh server that keeps nothing."""
    server = shutil.which("redis-server")
    if not server:
        pytest.skip("no Redis server is installed: apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    process = subprocess.Popen([server, *words], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(params=["sqlite", "redis"])
def url(request):
    """Each online store in its turn, empty."""
    if request.param == "sqlite":
        return ""
    from redis import Redis  # noqa: PLC0415 - only where there is a server

    found = request.getfixturevalue("redis_server")
    with Redis.from_url(found) as server:
        server.flushall()
    return found

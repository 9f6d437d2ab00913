"""The container: what its files name is there; and, where it is asked for, its steps in a clean root and its services as processes."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import psycopg2
import pytest
import yaml
from typer.main import get_command

import hm_pipeline
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.app import app
from tests.e2e.container import Image, instructions, is_ignored
from tests.postgres_server import binary, postgres_server

ROOT = Path(hm_pipeline.__file__).parents[1]
FOLDER = ROOT / "dagster_home" / "container"
FILE = FOLDER / "Dockerfile"
STEPS = instructions(FILE.read_text())
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("webserver", "daemon")
SETTINGS = {f"HM_{name.upper()}" for name in Settings.model_fields}


def arguments(name):
    return [argument for step, argument in STEPS if step == name]


def test_the_image_is_small_locked_and_not_root_s():
    assert arguments("FROM") == ["python:3.11-slim"]
    assert arguments("USER") == ["hm"]
    assert [step for step, _ in STEPS].index("USER") < [step for step, _ in STEPS].index("ENTRYPOINT")
    installs = [line for line in arguments("RUN") if "pip install" in line]
    assert any("--require-hashes -r requirements.lock" in line for line in installs)
    assert all("--no-deps" in line for line in installs)
    assert json.loads(arguments("ENTRYPOINT")[0]) == ["hm"]


def test_what_is_copied_is_there_and_not_ignored():
    rules = FILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    sources = [source for line in arguments("COPY") for source in shlex.split(line)[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert not is_ignored(source, rules)
    assert is_ignored("home/tables/x", rules)
    assert is_ignored("hm_pipeline/base/__pycache__/x.pyc", rules)


def test_variables_are_settings_and_the_home_is_on_the_volume():
    given = dict(part.split("=", 1) for line in arguments("ENV") for part in shlex.split(line))
    assert {name for name in given if name.startswith("HM_")} <= SETTINGS
    assert given["HM_HOME"].startswith(f"{arguments('VOLUME')[0]}/")
    assert given["DAGSTER_HOME"] == f"{given['HM_HOME']}/dagster"  # where `hm` writes what the health checks read
    for name in OURS:
        assert {name for name in SERVICES[name]["environment"] if name.startswith("HM_")} <= SETTINGS


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_a_command_of_hm(name):
    command, *words = SERVICES[name]["command"]
    get_command(app).commands[command].make_context(command, words)
    assert SERVICES[name]["volumes"][0] == f"home:{arguments('VOLUME')[0]}"


def test_services_wait_for_each_other_and_listen_to_this_machine_only():
    assert set(SERVICES) == {"postgres", "redis", *OURS}
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert service["healthcheck"]["test"][0] == "CMD"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    named = {volume.partition(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert {name for name in named if name.isidentifier()} == set(COMPOSE["volumes"])
    assert "${POSTGRES_PASSWORD:?" in SERVICES["postgres"]["environment"]["POSTGRES_PASSWORD"]


# What takes minutes: `make container` ------------------------------------------------------------------------------


@pytest.fixture
def asked_for(pytestconfig):
    if not pytestconfig.getoption("--container"):
        pytest.skip("takes minutes: make container")


@pytest.mark.timeout(3_600)
def test_the_dockerfile_s_steps_in_a_clean_root(asked_for, tmp_path_factory):
    if os.getuid() or not shutil.which("debootstrap"):
        pytest.skip("needs root and debootstrap: apt-get install debootstrap")
    root = tmp_path_factory.mktemp("image") / "root"
    subprocess.run(["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", "bookworm", root], check=True)
    image = Image.build(root, ROOT, FILE)
    for words in (
        ("simulate", "raw", "--customers", "300", "--articles", "300", "--weeks", "12"),
        ("ingest", "raw"),
        ("run", "--week", "2020-09-16", "--audience", "buyers"),
    ):
        done = image.run([*image.entry, *words], capture_output=True)
        assert done.returncode == 0, done.stderr
    assert {path.stat().st_uid for path in (root / "data/home").iterdir()} == {10001}


@contextmanager
def started(words, log, **variables):
    """Start a process, and end it as Compose would."""
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output, env=os.environ | variables)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def healthy(words, seconds=600, **variables):
    """Wait until a health check's command says so."""
    deadline = time.monotonic() + seconds
    while (done := subprocess.run(words, check=False, capture_output=True, text=True, env=os.environ | variables)).returncode:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(3)


@pytest.mark.timeout(1_800)
def test_the_services_as_processes(asked_for, fresh, tmp_path):
    redis = shutil.which("redis-server")
    if not redis:
        pytest.skip("no Redis is installed: apt-get install redis-server")
    home = fresh("container").home
    page, cache = free_port(), free_port()
    programs = {"python": sys.executable, "dagster-daemon": str(Path(sys.executable).with_name("dagster-daemon"))}

    def here(words):
        """Return a command with this machine's programs and ports in place of the container's."""
        words = [programs.get(word, word).replace("127.0.0.1:3000", f"127.0.0.1:{page}") for word in words]
        return [str(page) if word == "3000" else "127.0.0.1" if word == "0.0.0.0" else word for word in words]

    with ExitStack() as stack:
        url = stack.enter_context(postgres_server())
        stack.enter_context(
            started([redis, *SERVICES["redis"]["command"][1:], "--port", str(cache), "--dir", str(tmp_path)], tmp_path / "redis")
        )
        given = {
            "HM_POSTGRES": url.replace("postgresql://", "postgresql+psycopg2://"),
            "HM_ONLINE_STORE": f"redis://127.0.0.1:{cache}",
            "HM_HOME": str(home),
            "DAGSTER_HOME": str(home / "dagster"),
            "HM_TRIALS": "2",
            "HM_CANDIDATES": "40",
        }
        assert set(SERVICES["webserver"]["environment"]) <= set(given)
        port = re.search(r":(\d+)/", url)[1]
        healthy([binary("pg_isready"), "-h", "127.0.0.1", "-p", port, *SERVICES["postgres"]["healthcheck"]["test"][2:4]])
        healthy(["redis-cli", "-p", str(cache), "ping"])
        hm = [sys.executable, "-m", "hm_pipeline.cli"]
        for name in OURS:  # in the order in which they wait for each other
            stack.enter_context(started([*hm, *here(SERVICES[name]["command"])], tmp_path / name, **given))
            healthy(here(SERVICES[name]["healthcheck"]["test"][1:]), **given)
        assert json.load(urlopen(f"http://127.0.0.1:{page}/server_info"))["dagster_version"]
        subprocess.run([*hm, "run", "--week", "2020-09-23"], env=os.environ | given, check=True, capture_output=True)
        with closing(psycopg2.connect(url)) as database, database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM runs")
            assert cursor.fetchone()[0] > 0
        counted = subprocess.run(["redis-cli", "-p", str(cache), "dbsize"], capture_output=True, text=True, check=True)
        assert int(counted.stdout) > 0
        assert not list((home / "dagster").rglob("*.db"))

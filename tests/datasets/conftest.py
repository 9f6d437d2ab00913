"""The command `hm ingest`, as a person types it."""

import pytest

from hm_pipeline.cli import app as cli


@pytest.fixture
def hm_ingest(monkeypatch, capsys):
    """Run `hm ingest` on a home and return the exit code and the lines of complaint."""

    def run(home, raw, *options):
        monkeypatch.setenv("HM_HOME", str(home))
        monkeypatch.setattr("sys.argv", ["hm", "ingest", str(raw), "--json", *map(str, options)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, capsys.readouterr().err.splitlines()

    return run

"""Dockerfile as a list of instructions, and their execution in a root of Debian's own, for machines without a Docker engine."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PASSED_ON = ("PIP_", "SSL_", "http", "HTTP", "no_proxy", "NO_PROXY")  # what a machine behind a proxy needs to fetch anything
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def instructions(text):
    """Return the instructions of a Dockerfile: name and argument, continued lines joined."""
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n?", "", text)).splitlines()
    return [tuple(line.strip().split(None, 1)) for line in lines if line.strip()]


def is_ignored(name, rules):
    """Return whether a file is left out of the build's context: the last rule that fits it, or a folder of it, decides."""
    ignored = False
    parts = Path(name).parts
    places = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = [*places, *(parts if "**/" in rule else ())]
        if any(fnmatch(place, pattern) for place in names):
            ignored = not rule.startswith("!")
    return ignored


@dataclass
class Image:
    """Root folder that a Dockerfile's instructions have filled.

    Parameters
    ----------
    root
        Folder of a minimal Debian with Python, which stands for the base image.
    context
        Folder that is built.
    """

    root: Path
    context: Path
    rules: list[str]
    variables: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH})
    folder: str = "/"
    user: str = "root"
    entry: list[str] = field(default_factory=list)

    @classmethod
    def build(cls, root, context, file):
        """Follow a Dockerfile line by line."""
        rules = [line for line in file.with_name(f"{file.name}.dockerignore").read_text().splitlines() if line]
        image = cls(root, context, rules)
        shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
        if CERTIFICATES.exists():
            shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        for name, argument in instructions(file.read_text()):
            image.follow(name, argument)
        return image

    def follow(self, name, argument):
        """Follow one instruction; an unknown one is an error."""
        if name == "RUN":
            self.run(["sh", "-ec", argument], check=True)
        elif name == "COPY":
            *sources, target = shlex.split(argument)
            for source in sources:
                self._copy(source, self.root / self.folder.lstrip("/") / target)
        elif name == "ENV":
            self.variables |= dict(part.split("=", 1) for part in shlex.split(argument))
        elif name == "WORKDIR":
            self.folder = argument
            (self.root / argument.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            self.user = argument
        elif name == "ENTRYPOINT":
            self.entry = json.loads(argument)
        else:
            assert name in ("FROM", "VOLUME", "EXPOSE", "CMD"), name

    def _copy(self, source, target):
        origin = self.context / source
        files = [origin] if origin.is_file() else [path for path in origin.rglob("*") if path.is_file()]
        assert files, source
        for path in files:
            if not is_ignored(path.relative_to(self.context).as_posix(), self.rules):
                place = target / path.relative_to(origin) if origin.is_dir() else target / path.name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)

    def run(self, command, *, check=False, **options):
        """Run a command inside as its user would."""
        passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', self.folder, *command]
        words = ["chroot", f"--userspec={self.user}", str(self.root), *inside]
        return subprocess.run(words, env=passed | {"HOME": "/tmp"} | self.variables, text=True, check=check, **options)

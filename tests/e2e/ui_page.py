"""The page of a real `hm ui`, asked by GraphQL, and a server that takes the alerts it sends."""

import json
import os
import signal
import socket
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.e2e.crashes import start

SELECTED = {"repositoryLocationName": "hm_pipeline.orchestration.definitions", "repositoryName": "__repository__"}
RUNS = "{runsOrError {... on Runs {results {runId jobName status tags {key value}}}}}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Page:
    """`hm ui` in processes of its own, from the start to :meth:`close`."""

    def __init__(self, home, *words):
        self.port = free_port()
        self.process = start(home, "ui", "--port", self.port, *words)

    def ask(self, query, **variables):
        """Return the answer's data; nothing while the page does not answer."""
        asked = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", asked, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"] or {}
        except OSError:
            return {}

    def runs(self):
        """Return each run, oldest first: job, week, status and tags."""
        found = self.ask(RUNS).get("runsOrError", {}).get("results", [])[::-1]
        tagged = [(run, {tag["key"]: tag["value"] for tag in run["tags"]}) for run in found]
        return [(run["jobName"], tags.get("dagster/partition", ""), run["status"], {**tags, "id": run["runId"]}) for run, tags in tagged]

    def close(self):
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.communicate(timeout=60)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=60)


class Inbox:
    """HTTP server that keeps what is posted to it; it refuses the first ones where it is told to."""

    def __init__(self, refuse=0):
        inbox = self
        self.posts, self.refuse = [], refuse

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                inbox.refuse -= 1
                if inbox.refuse < 0:
                    inbox.posts.append((self.path, body))
                self.send_response(503 if inbox.refuse >= 0 else 200)
                self.end_headers()

            def log_message(self, *_):
                """Keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def until(true, seconds=240):
    """Return what is true, once it is."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found

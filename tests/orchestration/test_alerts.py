"""Alerts that reach a real web server and a real mail server: failed runs, failed checks, late weeks."""

import contextlib
import socketserver
import threading
from datetime import date, timedelta

import dagster as dg
import pytest
from pydantic import SecretStr

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.orchestration.alert_channels import channels_of
from hm_pipeline.orchestration.alerts import alerts_sensor
from hm_pipeline.orchestration.command_runs import command_tags
from hm_pipeline.orchestration.ingest_job import ingest_job
from hm_pipeline.orchestration.instance import dagster_instance
from tests.datasets.kaggle.tiny_files import ADA, TRANSACTIONS, write
from tests.e2e.ui_page import Inbox

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


class MailServer(socketserver.ThreadingTCPServer):
    """SMTP server that takes all mails, and keeps what was said to it."""

    def __init__(self):
        self.heard, self.allow_reuse_address = [], True
        super().__init__(("127.0.0.1", 0), _Mail)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 here")
        is_data = False
        for line in (raw.decode().rstrip("\r\n") for raw in self.rfile):
            self.server.heard.append(line)
            if is_data:
                is_data = line != "."
                if not is_data:
                    self.say("250 taken")
            elif line.upper().startswith("EHLO"):
                self.say("250-here\r\n250 AUTH PLAIN")
            elif line.upper().startswith("AUTH"):
                self.say("235 welcome")
            elif line.upper() == "DATA":
                is_data = True
                self.say("354 go on")
            elif line.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 well")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def inbox():
    server = Inbox()
    yield server
    server.close()


class Watch:
    """The sensor, looked at again and again as the daemon does."""

    def __init__(self, settings):
        self.settings, self.cursor = settings, None

    def look(self):
        with dagster_instance(self.settings) as instance:
            context = dg.SensorEvaluationContext(None, instance=instance, cursor=self.cursor, last_run_key=None)
            tick = alerts_sensor(self.settings).evaluate_tick(context)
        self.cursor = tick.cursor or self.cursor
        return tick.skip_message


def settings_of(tmp_path, **fields):
    return Settings(home=tmp_path / "home", raw=tmp_path / "empty", **{name: SecretStr(value) for name, value in fields.items()})


def fail(settings, **tags):
    settings.raw.mkdir(exist_ok=True)
    with dagster_instance(settings) as instance:
        return ingest_job(settings).execute_in_process(instance=instance, raise_on_error=False, tags=tags).run_id


def test_a_failed_run_is_posted_once_with_its_one_line(tmp_path, inbox):
    settings = settings_of(tmp_path, alert_webhook=f"{inbox.url}/hook", alert_slack=f"{inbox.url}/slack")
    watch = Watch(settings)
    fail(settings)
    watch.look()
    assert inbox.posts == []  # it ended before anybody was to be told
    failed = fail(settings)
    watch.look()
    watch.look()
    (hook, body), (slack, words) = inbox.posts
    assert (hook, slack) == ("/hook", "/slack")
    assert (body["kind"], body["title"], body["job"], body["run_id"]) == ("run_failed", "ingest failed", "ingest", failed)
    assert "transactions_train.csv" in body["text"]
    assert "\n" not in body["text"]
    assert list(words) == ["text"]
    assert words["text"].startswith("*ingest failed*\n")


def test_what_a_command_did_and_what_is_tried_again_is_no_alert(tmp_path, inbox):
    watch = Watch(settings_of(tmp_path, alert_webhook=inbox.url))
    watch.look()
    fail(watch.settings, **command_tags("hm ingest"))
    again = fail(watch.settings)
    with dagster_instance(watch.settings) as instance:
        instance.add_run_tags(again, {"dagster/will_retry": "true"})
    watch.look()
    assert inbox.posts == []


def test_a_channel_that_does_not_answer_is_tried_again_and_holds_up_no_other(tmp_path, inbox, caplog):
    silent = Inbox(refuse=2)
    settings = settings_of(tmp_path, alert_webhook=f"{silent.url}/secret", alert_slack=inbox.url)
    watch = Watch(settings)
    watch.look()
    fail(settings)
    assert "1 not sent yet" in watch.look()
    assert "1 not sent yet" in watch.look()
    assert "0 not sent yet" in watch.look()
    assert (len(silent.posts), len(inbox.posts)) == (1, 1)
    assert "secret" not in caplog.text + watch.cursor
    silent.close()


def test_a_mail_is_sent_with_the_password_that_nothing_shows(tmp_path):
    with contextlib.closing(MailServer()) as server:
        server.close = server.server_close
        password, port = "p%40ss", server.server_address[1]
        settings = settings_of(tmp_path, alert_smtp=f"smtp://me:{password}@127.0.0.1:{port}").model_copy(
            update={"alert_email": "one@shop.example, two@shop.example"}
        )
        watch = Watch(settings)
        watch.look()
        fail(settings)
        assert "0 not sent yet" in watch.look()
        server.shutdown()
    heard = "\n".join(server.heard)
    assert "Subject: ingest failed" in heard
    assert heard.count("rcpt TO") == 2
    assert "transactions_train.csv" in heard
    assert "AUTH PLAIN AG1lAHBAc3M=" in heard  # me, p@ss
    assert password not in repr(settings) + watch.cursor


def test_a_check_that_failed_is_an_alert_although_the_run_succeeded(tmp_path, inbox):
    watch = Watch(settings_of(tmp_path, alert_webhook=inbox.url))
    watch.look()

    @dg.asset_check(asset="submission", name="coverage")
    def bad():
        return dg.AssetCheckResult(passed=False, description="half of the customers have no list")

    @dg.asset_check(asset="submission", name="current")
    def only_a_warning():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    defs = dg.Definitions(asset_checks=[bad, only_a_warning], jobs=[dg.define_asset_job("week", dg.AssetSelection.all_asset_checks())])
    with dagster_instance(watch.settings) as instance:
        assert defs.resolve_job_def("week").execute_in_process(instance=instance, tags={"dagster/partition": "2020-09-23"}).success
    watch.look()
    ((_, body),) = inbox.posts
    assert (body["kind"], body["title"]) == ("checks_failed", "week 2020-09-23 is made, but checks failed")
    assert body["text"] == "coverage of submission: half of the customers have no list"


def test_a_week_that_does_not_come_is_an_alert_once(tmp_path, inbox):
    watch = Watch(settings_of(tmp_path, alert_webhook=inbox.url))
    watch.look()  # nothing is ingested, so that nothing is late
    ingest(write(tmp_path / "raw"), watch.settings.home, settings=watch.settings)
    watch.look()
    watch.look()
    ((_, body),) = inbox.posts
    assert (body["kind"], body["week"]) == ("week_late", "2020-09-23")
    assert "were due on 2020-09-30, and 2 days later they are not ingested" in body["text"]
    more = TRANSACTIONS + "".join(f"2020-09-{day},{ADA},0108775044,0.02,2\n" for day in range(23, 30))
    ingest(write(tmp_path / "more", transactions=more), watch.settings.home, settings=watch.settings)
    watch.look()
    assert [post["week"] for _, post in inbox.posts] == ["2020-09-23", "2020-09-30"]


def test_a_week_that_is_not_over_is_not_late(tmp_path, inbox):
    today = date.today()  # noqa: DTZ011 - a day more or less is within the week
    first = today - timedelta(7 + today.isoweekday())
    rows = "".join(f"{first + timedelta(day)},{ADA},0108775044,0.02,2\n" for day in range(7))
    settings = settings_of(tmp_path, alert_webhook=inbox.url)
    header = TRANSACTIONS.splitlines(keepends=True)[0]
    ingest(write(tmp_path / "raw", transactions=header + rows), settings.home, settings=settings, epoch=first)
    Watch(settings).look()
    assert inbox.posts == []


@pytest.mark.parametrize(
    ("fields", "kind", "where"),
    [
        ({"alert_webhook": "ftp://token@host/"}, InvalidInput, "HM_ALERT_WEBHOOK"),
        ({"alert_slack": "token"}, InvalidInput, "HM_ALERT_SLACK"),
        ({"alert_smtp": "http://token@host", "alert_email": "a@b.example"}, InvalidInput, "HM_ALERT_SMTP"),
        ({"alert_smtp": "", "alert_email": "a@b.example"}, MissingInput, "HM_ALERT_SMTP"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_its_name_alone(fields, kind, where):
    with pytest.raises(kind, match=where) as refused:
        channels_of(Settings.model_validate(fields))
    assert "token" not in str(refused.value)


def test_without_a_channel_the_sensor_is_off_and_names_the_settings(tmp_path):
    assert "HM_ALERT_WEBHOOK" in Watch(Settings(home=tmp_path / "home")).look()
    states = [alerts_sensor(settings_of(tmp_path, alert_webhook=url)).default_status for url in ("", "http://127.0.0.1:1")]
    assert states == [dg.DefaultSensorStatus.STOPPED, dg.DefaultSensorStatus.RUNNING]

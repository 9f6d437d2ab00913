"""Channels that alerts leave by: a webhook, Slack, e-mail.  Their addresses may hold secrets, which no error names."""

import json
import smtplib
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.settings import Settings

PATIENCE = 10  # seconds for a server to answer
PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class Alert:
    """Message to a person who is not looking.

    Parameters
    ----------
    kind
        `run_failed`, `checks_failed` or `week_late`.
    title, text
        One line, and what there is to know and to do.
    home
        Folder that it is about.
    job, week, run_id
        What failed; empty where nothing ran.
    """

    kind: str
    title: str
    text: str
    home: str
    job: str = ""
    week: str = ""
    run_id: str = ""


Send = Callable[[Alert], None]


def channels_of(settings: Settings) -> dict[str, Send]:
    """Return how to send an alert, by the name of each channel that is set up.

    Raises
    ------
    InvalidInput, MissingInput
        If an address cannot be used.
    """
    found: dict[str, Send] = {}
    if webhook := settings.alert_webhook.get_secret_value():
        found["webhook"] = _poster("HM_ALERT_WEBHOOK", webhook, asdict)
    if slack := settings.alert_slack.get_secret_value():
        found["slack"] = _poster("HM_ALERT_SLACK", slack, lambda alert: {"text": f"*{alert.title}*\n{alert.text}"})
    if settings.alert_email:
        found["email"] = _mailer(settings)
    return found


def _poster(name: str, url: str, body: Callable[[Alert], dict[str, str]]) -> Send:
    if urlsplit(url).scheme not in ("http", "https"):
        raise InvalidInput("not an address that begins with http:// or https://", where=name, hint="give the URL to post to")

    def send(alert: Alert) -> None:
        content = json.dumps(body(alert)).encode()
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"})  # noqa: S310 - looked at above
        with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310 - as above
            pass

    return send


def _mailer(settings: Settings) -> Send:
    server = urlsplit(settings.alert_smtp.get_secret_value())
    if not server.geturl():
        raise MissingInput("no server to send mails through", where="HM_ALERT_SMTP", hint="set it to smtp://HOST:PORT")
    if server.scheme not in PORTS or not server.hostname:
        raise InvalidInput("not an address that begins with smtp:// or smtps://", where="HM_ALERT_SMTP", hint="give smtp://HOST:PORT")
    host, port, receivers = server.hostname, server.port or PORTS[server.scheme], settings.alert_email

    def send(alert: Alert) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = alert.title, receivers.split(",")[0].strip(), receivers
        mail.set_content(f"{alert.text}\n\nHome: {alert.home}\n")
        with (smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP)(host, port, timeout=PATIENCE) as client:
            if server.scheme == "smtp" and client.has_extn("starttls"):
                client.starttls()
            if server.username:
                client.login(unquote(server.username), unquote(server.password or ""))
            client.send_message(mail)

    return send

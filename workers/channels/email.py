"""Email: multipart text and HTML, evidence first, through an SMTP server; nothing of a feed reaches a header raw."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from email import charset, policy
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

import aiosmtplib
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from net.client import GuardedClient
from store.database import instant
from store.subscriptions import Subscription
from workers.channels.channel import (
    KEEP_CHARACTERS,
    TOTAL_S,
    Delivered,
    Outcome,
    Parcel,
    Refused,
    Told,
    TryAgain,
)
from workers.context import Context
from workers.refusals import refused_by
from workers.smtp import SmtpServer

MAX_SUBJECT = 180
"""Characters: what a mail program shows, and far from any limit of RFC 5322."""

_NOTES = {
    "alert.updated": "Updated: more is known than when you were told.",
    "alert.corrected": "Corrected: the article was changed after you were told. This is what holds now.",
    "alert.retracted": "Retracted: the article was changed after you were told, and no longer says this.",
}
"""What a mail about an alert that was told before says first; the first word begins its subject."""

_BREAKS = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]+")
# no folding of our own: a fold right after the name of a header is legal, and some programs do not read it
_WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=998)
_UTF8 = charset.Charset("utf-8")
_UTF8.body_encoding = charset.QP

_templates = Environment(
    loader=PackageLoader("workers.channels", "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def freeze(told: Told, subscription: Subscription, context: Context) -> bytes:
    """The whole message but for `To`, which is put before it at each try: the address may change while it waits."""
    shown = {"told": told, **told.data, "subscription": subscription.id, "note": _note(told)}
    template = "notice" if "notice" in told.data else "alert"
    mail = MIMEMultipart("alternative", boundary=f"=_{told.delivery_id}")
    for name, value in _headers(told, context).items():
        mail[name] = value
    mail.attach(_part(_templates.get_template(f"{template}.txt").render(shown), "plain"))
    mail.attach(_part(_templates.get_template(f"{template}.html").render(shown), "html"))
    return mail.as_bytes(policy=_WIRE)


def _note(told: Told) -> str:
    change = told.data.get("change")
    return f"Updated: {change}." if change else _NOTES.get(told.kind, "")


def _part(text: str, subtype: str) -> MIMEText:
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return MIMEText(clean, subtype, _UTF8)  # type: ignore[arg-type]  # typeshed knows only names of charsets


def _headers(told: Told, context: Context) -> dict[str, str]:
    host = _host(context.mail_from)
    return {
        "From": _address(context.mail_from),
        "Subject": Header(subject_of(told.data, told.kind), "utf-8", header_name="Subject").encode(),
        "Date": format_datetime(instant(told.at).replace(microsecond=0)),
        "Message-ID": f"<{told.delivery_id}@{host}>",
        "References": f"<{_thread(told)}@{host}>",
        "Auto-Submitted": "auto-generated",
        **unsubscribe_headers(told.unsubscribe),
    }


def _thread(told: Told) -> str:
    """Mails about one alert, or notices about one thing, belong together."""
    if "notice" in told.data:
        return "{what}.{id}".format_map(told.data["notice"]["about"])
    return told.alert_id or told.delivery_id


def unsubscribe_headers(link: str) -> dict[str, str]:
    """What lets a mail program end the subscription with one click (RFC 2369, RFC 8058). One click is a POST by https;
    without that only the page can be opened.
    """
    listed = {"List-Unsubscribe": f"<{link}>"}
    return {**listed, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if link.startswith("https:") else listed


def subject_of(data: Mapping[str, Any], kind: str = "alert.opened") -> str:
    """One clean line: what became of the alert where it was told before, level, rule, and the article's title; of a
    notice its heading and what it is about.
    """
    if "notice" in data:
        return clean(f"[Tocsin] {data['notice']['title']}: {data['notice']['about']['name']}")
    alert = data["alert"]
    became = f"{_NOTES[kind].partition(':')[0]}: " if kind in _NOTES else ""
    return clean(f"{became}[{alert['rule']['level']}] {alert['rule']['title']}: {data['article']['title']}")


def clean(text: str) -> str:
    """*text* as one line that no mail program can take for more: no control or line characters, at most MAX_SUBJECT
    long. Always sent as an encoded word of our own making, so that one in a title (`=?utf-8?q?a=0d=0aBcc:…?=`, which
    Python before 3.11.10 turns into a real Bcc, CVE-2024-6923) is text and nothing else.
    """
    line = _BREAKS.sub(" ", text).strip()
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1].rstrip() + "…"


def _address(text: str) -> str:
    name, address = parseaddr(_BREAKS.sub(" ", text))
    return formataddr((name, address))


def _host(mail_from: str) -> str:
    return parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"


async def send(parcel: Parcel, context: Context, client: GuardedClient) -> Outcome:
    """One hand-over to the SMTP server; its 250 is the proof."""
    if context.smtp is None:
        return TryAgain(reason="not sent: no mail server is set; set TOCSIN_SMTP_URL", after_s=300, ours=True)
    content = b"To: " + _BREAKS.sub("", parcel.address).encode("ascii", "replace") + b"\r\n" + parcel.body
    try:
        async with asyncio.timeout(TOTAL_S):
            return await _hand_over(context.smtp, parseaddr(context.mail_from)[1], parcel.address, content)
    except TimeoutError:
        reason = f"the mail server {context.smtp.host} did not answer within {TOTAL_S:g} s"
        return TryAgain(reason=reason, ours=True)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return outcome_of(error, context.smtp)


async def _hand_over(server: SmtpServer, sender: str, receiver: str, content: bytes) -> Outcome:
    connection = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=server.tls,
        username=server.user,
        password=server.password,
        timeout=TOTAL_S,
    )
    async with connection:
        _, answer = await connection.sendmail(sender, [receiver], content)
    return Delivered(code=250, response=answer[:500])


def outcome_of(error: Exception, server: SmtpServer) -> Outcome:
    """Words and consequence of a failed hand-over: a refused recipient is final and suppresses the address; a refused
    message is final; everything else (4xx, login, sender, policy, connection, missing TLS) may pass.
    """
    where = f"the mail server {server.host}:{server.port}"
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _refused(where, first.code, first.message, receiver=True)
        case aiosmtplib.SMTPRecipientRefused():
            return _refused(where, error.code, error.message, receiver=True)
        case aiosmtplib.SMTPDataError():
            return _refused(where, error.code, error.message, receiver=False)
        case aiosmtplib.SMTPAuthenticationError():
            reason = f"{where} refused our login: {error.code} {error.message}"
            return TryAgain(reason=reason, code=error.code, ours=True)
        case aiosmtplib.SMTPResponseException():
            return TryAgain(reason=f"{where} answered {error.code} {error.message}", code=error.code, ours=True)
        case _:
            return TryAgain(reason=f"{where} cannot be used: {str(error) or type(error).__name__}", ours=True)


def _refused(where: str, code: int, message: str, *, receiver: bool) -> Outcome:
    said = f"{code} {' '.join(message.split())}"[:KEEP_CHARACTERS]
    if not 500 <= code < 600:
        return TryAgain(reason=f"{where} refused it for now: {said}", code=code, response=message)
    match refused_by(code, message, receiver=receiver):
        case "server":
            reason = f"{where} refused us, not the address: {said}"
            return TryAgain(reason=reason, code=code, response=message, ours=True)
        case what:
            reason = f"{where} refused the {what}: {said}"
            return Refused(reason=reason, disable_endpoint=what == "address", code=code, response=message)

"""Email: multipart text and HTML, evidence first, through an SMTP server; nothing of a feed reaches a header raw."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email import charset, policy
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr, parseaddr

import aiosmtplib

from net.client import GuardedClient
from store.database import instant
from store.subscriptions import Subscription
from store.words import fit
from workers.channels.channel import (
    KEEP_CHARACTERS,
    TOTAL_S,
    UNSENT,
    Delivered,
    Outcome,
    Parcel,
    Refused,
    Told,
    TryAgain,
)
from workers.context import Context
from workers.letters import BREAKS, Letter, letter_of
from workers.refusals import refused_by
from workers.smtp import SmtpServer

IN_DIGEST = 200
"""Messages of one digest."""

GOOD_BYE_S = 1.0

# no folding of our own: a fold right after the name of a header is legal, and some programs do not read it
_WIRE = policy.compat32.clone(linesep="\r\n", max_line_length=998)
_UTF8 = charset.Charset("utf-8")
_UTF8.body_encoding = charset.QP


def freeze(told: Told, subscription: Subscription, context: Context) -> bytes:
    """The whole message but for `To`, which is put before it at each try: the address may change while it waits."""
    letter = letter_of(told, subscription.id)
    mail = MIMEMultipart("alternative", boundary=f"=_{told.delivery_id}")
    for name, value in _headers(told, letter, context).items():
        mail[name] = value
    mail.attach(_part(letter.text, "plain"))
    mail.attach(_part(letter.html, "html"))
    return mail.as_bytes(policy=_WIRE)


def _part(text: str, subtype: str) -> MIMEText:
    return MIMEText(fit(text), subtype, _UTF8)  # type: ignore[arg-type]  # typeshed knows only names of charsets


def _headers(told: Told, letter: Letter, context: Context) -> dict[str, str]:
    host = _host(context.mail_from)
    return {
        "From": _address(context.mail_from),
        "Subject": Header(letter.subject, "utf-8", header_name="Subject").encode(),
        "Date": format_datetime(instant(told.at).replace(microsecond=0)),
        "Message-ID": f"<{told.delivery_id}@{host}>",
        **(_thread_headers(f"<{letter.thread}@{host}>") if letter.thread else {}),
        "Auto-Submitted": "auto-generated",
        **unsubscribe_headers(told.unsubscribe),
    }


def _thread_headers(root: str) -> dict[str, str]:
    """Mails that belong together answer a first one that nobody ever sent (RFC 5322, 3.6.4): so none of them must have
    arrived for the others to find each other, and none must be known when another is frozen.
    """
    return {"In-Reply-To": root, "References": root}


def unsubscribe_headers(link: str) -> dict[str, str]:
    """What lets a mail program end the subscription with one click (RFC 2369, RFC 8058). One click is a POST by https;
    without that only the page can be opened.
    """
    listed = {"List-Unsubscribe": f"<{link}>"}
    return {**listed, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if link.startswith("https:") else listed


def _address(text: str) -> str:
    name, address = parseaddr(BREAKS.sub(" ", text))
    return formataddr((name, address))


def _host(mail_from: str) -> str:
    return parseaddr(mail_from)[1].rpartition("@")[2] or "localhost"


async def send(parcel: Parcel, context: Context, client: GuardedClient) -> Outcome:
    """One hand-over to the SMTP server; its 250 is the proof."""
    if context.smtp is None:
        return TryAgain(reason=f"{UNSENT}: no mail server is set; set TOCSIN_SMTP_URL", after_s=300, ours=True)
    content = b"To: " + BREAKS.sub("", parcel.address).encode("ascii", "replace") + b"\r\n" + parcel.body
    server, sender = context.smtp, parseaddr(context.mail_from)[1]
    connection = _connection(server)
    try:
        async with asyncio.timeout(TOTAL_S):
            await connection.connect()
            _, answer = await connection.sendmail(sender, [parcel.address], content)
    except TimeoutError:
        reason = f"the mail server {server.host} did not answer within {TOTAL_S:g} s"
        return TryAgain(reason=reason, ours=True)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        await _part_from(connection)
        return outcome_of(error, server)
    else:
        await _part_from(connection)
        return Delivered(code=250, response=answer[:500])
    finally:
        connection.close()


def _connection(server: SmtpServer) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=server.tls,
        username=server.user,
        password=server.password,
        timeout=TOTAL_S,
    )


async def _part_from(connection: aiosmtplib.SMTP) -> None:
    """Say good-bye, and wait for a moment. A server that hangs there has said what becomes of the mail: who took that
    for a failure would send the mail again and again.
    """
    with suppress(TimeoutError, aiosmtplib.SMTPException, OSError):
        async with asyncio.timeout(GOOD_BYE_S):
            await connection.quit()


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

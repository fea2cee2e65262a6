"""Ways out. A channel is one module with `freeze` and `send`, and one line here."""

from workers.channels import email, webhook
from workers.channels.channel import Channel, Delivered, Outcome, Parcel, Refused, Told, TryAgain

CHANNELS: dict[str, Channel] = {
    "webhook": Channel(freeze=webhook.freeze, send=webhook.send, in_digest=webhook.IN_DIGEST),
    "email": Channel(freeze=email.freeze, send=email.send, in_digest=email.IN_DIGEST),
}

__all__ = ["CHANNELS", "Channel", "Delivered", "Outcome", "Parcel", "Refused", "Told", "TryAgain"]

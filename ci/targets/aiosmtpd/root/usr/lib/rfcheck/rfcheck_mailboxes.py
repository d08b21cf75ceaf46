"""What aiosmtpd leaves to its users: who has a mailbox, and where messages are kept."""

import mailbox
import os

FOLDER = "/var/mail"
DOMAIN = "example.test"


class Mailboxes:
    """Keeps messages as they came for the mailboxes that there are, and refuses all other recipients."""

    @classmethod
    def from_cli(cls, parser, *args):
        return cls()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name, _, domain = address.rpartition("@")
        if domain.lower() != DOMAIN:
            return "550 5.7.1 relaying is refused"
        if name not in os.listdir(FOLDER):
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        for address in dict.fromkeys(envelope.rcpt_tos):
            name = address.rpartition("@")[0]
            mailbox.Maildir(os.path.join(FOLDER, name)).add(envelope.original_content)
        return "250 2.0.0 kept"

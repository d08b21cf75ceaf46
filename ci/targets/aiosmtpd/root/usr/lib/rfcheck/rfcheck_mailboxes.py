"""What aiosmtpd leaves to its users: who has a mailbox, and where messages are kept."""

import mailbox
import os

FOLDER = "/var/mail"
DOMAIN = "example.test"


def user(address):
    """The name and the domain of an address; the postmaster's mail is the user's."""
    name, _, domain = address.rpartition("@")
    if not name:
        name, domain = domain, DOMAIN
    return ("user" if name.lower() == "postmaster" else name), domain


class Mailboxes:
    """Keeps messages as they came for the mailboxes that there are, and refuses all other recipients."""

    @classmethod
    def from_cli(cls, parser, *args):
        return cls()

    async def handle_RCPT(self, server, session, envelope, address, options):
        name, domain = user(address)
        if domain.lower() != DOMAIN:
            return "550 5.7.1 relaying is refused"
        if name not in os.listdir(FOLDER):
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        for name in dict.fromkeys(user(address)[0] for address in envelope.rcpt_tos):
            mailbox.Maildir(os.path.join(FOLDER, name)).add(envelope.original_content)
        return "250 2.0.0 kept"

"""A mail server for tests: TLS and AUTH are required, and it fails as it is told to.

Arguments: port, folder, and `implicit` for TLS from the first byte in place of STARTTLS. Each
message taken over is a file `<n>.eml` in the folder, there whole or not at all. The file `mode` in
the folder says how to behave: a code (421, 451, 550), `sender` (takes nothing from this one),
`slow` (takes a letter after a second), `six` (takes letters once six are handed over at once),
`hang` (takes the line and says nothing more) or `lost` (takes a letter and hangs up), perhaps with
the one recipient it is about. Prints `ready` when it listens.
"""

import asyncio
import os
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

PORT, FOLDER, IMPLICIT = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] == ["implicit"]
HERE = Path(__file__).parent
SIX = asyncio.Barrier(6)
REFUSALS = {
    "421": "421 4.3.2 closing down",
    "451": "451 4.7.1 <{to}> is greylisted",
    "550": "550 5.1.1 <{to}>: no such user",
}


def mode_for(recipient):
    try:
        words = (FOLDER / "mode").read_text().split()
    except FileNotFoundError:
        return ""
    if len(words) == 2 and words[1] != recipient:
        return ""
    return words[0] if words else ""


async def for_ever():
    await asyncio.Event().wait()


class Line(SMTP):
    """A connection that may be taken without a greeting."""

    async def _handle_client(self):
        if mode_for(None) == "hang":
            await for_ever()
        await super()._handle_client()


class Sinks(UnthreadedController):
    def factory(self):
        return Line(self.handler, **self.SMTP_kwargs)


class Sink:
    taken = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        if mode_for(None) == "sender":
            return f"553 5.7.1 <{address}>: not your address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        mode = mode_for(address)
        if mode == "hang":
            await for_ever()
        refusal = REFUSALS.get(mode)
        if refusal:
            return refusal.format(to=address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        assert server.transport.get_extra_info("ssl_object") and session.authenticated
        mode = mode_for(envelope.rcpt_tos[0])
        if mode == "slow":
            await asyncio.sleep(1)
        if mode == "six":
            await SIX.wait()
        Sink.taken += 1
        unfinished = FOLDER / f".{Sink.taken}"
        unfinished.write_bytes(envelope.content)
        os.rename(unfinished, FOLDER / f"{PORT}-{os.getpid()}-{Sink.taken}.eml")
        if mode == "lost":
            server.transport.abort()
        return "250 2.0.0 taken over"


def signs_in(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"shop" and data.password == b"sesame"
    # `handled` would mean that the refusal was said already.
    return AuthResult(success=good, handled=False)


async def serve():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(HERE / "server.certificate.pem", HERE / "server.key.pem")
    # It does not know of an encryption that was there before it, and would allow no AUTH.
    begun = {"ssl_context": tls, "auth_require_tls": False}
    asked_for = {"tls_context": tls, "require_starttls": True}
    controller = Sinks(
        Sink(),
        hostname="127.0.0.1",
        port=PORT,
        **(begun if IMPLICIT else asked_for),
        auth_required=True,
        authenticator=signs_in,
        loop=asyncio.get_running_loop(),
    )
    server = await controller._create_server()
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve())

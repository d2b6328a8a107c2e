"""A mail server for tests: STARTTLS and AUTH are required, and it fails as it is told to.

Arguments: port, folder. Each message taken over is a file `<n>.eml` in the folder, there whole or
not at all. The file `mode` in the folder says how to behave: a code (421, 451, 550), `slow` or
`lost`, perhaps with the one recipient it is about. Prints `ready` when it listens.
"""

import asyncio
import os
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import AuthResult, LoginPassword

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
HERE = Path(__file__).parent
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


class Sink:
    taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        refusal = REFUSALS.get(mode_for(address))
        if refusal:
            return refusal.format(to=address)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        assert session.ssl and session.authenticated
        mode = mode_for(envelope.rcpt_tos[0])
        if mode == "slow":
            await asyncio.sleep(3600)
        Sink.taken += 1
        unfinished = FOLDER / f".{Sink.taken}"
        unfinished.write_bytes(envelope.content)
        os.rename(unfinished, FOLDER / f"{PORT}-{os.getpid()}-{Sink.taken}.eml")
        if mode == "lost":
            server.transport.abort()
        return "250 2.0.0 taken over"


def signs_in(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"shop" and data.password == b"sesame"
    return AuthResult(success=good)


async def serve():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(HERE / "server.certificate.pem", HERE / "server.key.pem")
    controller = UnthreadedController(
        Sink(),
        hostname="127.0.0.1",
        port=PORT,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=signs_in,
        loop=asyncio.get_running_loop(),
    )
    server = await controller._create_server()
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(serve())

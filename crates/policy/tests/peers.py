"""Real peers for the tests of alerts: a mail server (aiosmtpd) or a web server (http.server).

peers.py mail loopback|starttls|implicit [CERT KEY]     asks for the login gate / open-sesame
peers.py web  http|https [CERT KEY] [STATUS,STATUS…]    answers each POST with the next status

Prints one JSON object a line: first {"port"}, then what arrived.
"""

import asyncio
import http.server
import json
import ssl
import sys


def say(**words):
    print(json.dumps(words), flush=True)


def tls(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


async def mail(how, cert_key):
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    class Box:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if address.startswith("nobody@"):
                return "550 no such box"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            say(
                by=str(session.auth_data or ""),
                tls=session.ssl is not None or how == "implicit",
                sender=envelope.mail_from,
                to=envelope.rcpt_tos,
                text=envelope.content.decode(),
            )
            return "250 OK"

    def login(server, session, envelope, mechanism, data):
        right = data == LoginPassword(b"gate", b"open-sesame")
        say(login="right" if right else "wrong")
        return AuthResult(success=right, handled=right, auth_data="gate" if right else None)

    context = tls(*cert_key) if how != "loopback" else None

    def session():
        words = {"auth_require_tls": how == "starttls", "authenticator": login}
        if how == "starttls":
            words.update(tls_context=context, require_starttls=True)
        if how != "loopback":
            words.update(auth_required=True)
        return SMTP(Box(), hostname="mail.test", **words)

    outer = context if how == "implicit" else None
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=outer)
    say(port=server.sockets[0].getsockname()[1])
    await server.serve_forever()


def web(how, rest):
    answers = [int(n) for n in rest.pop().split(",")] if len(rest) in (1, 3) else []

    class Gate(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status = answers.pop(0) if answers else 204
            say(path=self.path, status=status, body=body)
            self.send_response(status)
            if status == 307:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    if how == "https":
        server.socket = tls(*rest).wrap_socket(server.socket, server_side=True)
    say(port=server.server_port)
    server.serve_forever()


if sys.argv[1] == "mail":
    asyncio.run(mail(sys.argv[2], sys.argv[3:]))
else:
    web(sys.argv[2], sys.argv[3:])

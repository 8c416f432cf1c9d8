#!/usr/bin/env python3
"""From a device's publish to a subscriber's webhook: the whole way through mosquitto, the city on
disk, and the notification, message by message. Prints median and p99, beside the disk's own sync
time. Not part of `make bench`: it needs port 1883 for a mosquitto of its own.

usage: bench/field.py [MESSAGES]     (LOGGIA_BENCH_BIN=target/debug/loggia to take another build)"""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from data_plane import sync_ms

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = os.environ.get("LOGGIA_BENCH_BIN", str(ROOT / "target/release/loggia"))
PORT, DESK, HOOK, MQTT = 18993, 18994, 18995, 1883
API = f"http://localhost:{PORT}/ngsi-ld/v1"
PATIENCE_S = 60


class Told(http.server.BaseHTTPRequestHandler):
    """Notes when each value arrived."""

    protocol_version = "HTTP/1.1"
    seen = {}
    more = threading.Condition()

    def do_POST(self):
        now = time.perf_counter()
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with Told.more:
            for entity in body["data"]:
                Told.seen.setdefault(entity["height"]["value"], now)
            Told.more.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def until(what, done):
    begin = time.perf_counter()
    while not done():
        if time.perf_counter() - begin > PATIENCE_S:
            sys.exit(f"in {PATIENCE_S} s it did not come to: {what}")
        time.sleep(0.05)


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=2).read()
    except OSError:
        return None


def subscribe():
    body = {"type": "Subscription", "entities": [{"type": "WaterObserved"}],
            "notification": {"endpoint": {"uri": f"http://localhost:{HOOK}/told"}}}
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(API + "/subscriptions", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request, timeout=10).read()


def device():
    """A device that stays connected: mosquitto_pub publishes each line that it is given."""
    command = ["mosquitto_pub", "-q", "1", "-l", "-p", str(MQTT), "-t", "water/bench/level"]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def publish(device, value):
    now = time.perf_counter()
    device.stdin.write(f"{value}\n".encode())
    device.stdin.flush()
    return now


def arrived(values):
    with Told.more:
        return Told.more.wait_for(lambda: all(v in Told.seen for v in values), PATIENCE_S)


def measure(pub, count):
    """Each message alone, and then many at once."""
    took = []
    for n in range(count):
        value = round(1 + n / 10_000, 4)
        sent = publish(pub, value)
        if not arrived([value]):
            sys.exit(f"message {n} never arrived")
        took.append((Told.seen[value] - sent) * 1e3)
    took.sort()
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"{count} messages one by one: median {p50:.1f} ms, p99 {p99:.1f} ms")
    values = [round(10 + n / 10_000, 4) for n in range(count)]
    begin = time.perf_counter()
    for value in values:
        publish(pub, value)
    if not arrived(values):
        sys.exit("of many at once some never arrived")
    rate = count / (time.perf_counter() - begin)
    print(f"{count} at once from one device, one entity: {rate:.0f}/s, none missing")
    return {"median_ms": p50, "p99_ms": p99, "burst_per_s": rate}


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if not mosquitto:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", MQTT)) == 0:
            sys.exit(f"something listens on port {MQTT}: stop it (systemctl stop mosquitto)")
    if "LOGGIA_BENCH_BIN" not in os.environ:
        build = ["cargo", "build", "--release", "--quiet", "-p", "loggia"]
        subprocess.run(build, cwd=ROOT, check=True)
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", HOOK), Told)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        results = {"sync_ms": sync_ms(folder)}
        print(f"fdatasync of 4 kB takes {results['sync_ms']:.2f} ms here (median)")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        server = subprocess.Popen([mosquitto, "-p", str(MQTT)], **quiet)
        city = subprocess.Popen([BIN, "demo", "--data", folder + "/city", "--port", str(PORT),
                                 "--desk-port", str(DESK)], **quiet)
        pub = None
        try:
            until("the city answers", lambda: answers(API + "/types"))
            subscribe()
            pub = device()
            first = iter(range(-1_000_000, 0))

            def heard():
                publish(pub, next(first) / 1e9)
                time.sleep(0.2)
                return Told.seen

            until("a first message is told", heard)
            results.update(measure(pub, count))
        finally:
            for process in (pub, city, server):
                if process:
                    process.kill()
                    process.wait()
    print(json.dumps(results))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The data plane's speed: the broker on one core, the load (wrk) on the other; then a storm of
notifications over all cores with a kill -9 in its middle (example `storm`).

Each figure stands beside its limit of the same run: a bare echo of the same body for reading, the
disk's own sync time for durable writing. `make bench` runs it among the rest; alone it prints its
figures and writes nothing."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("LOGGIA_BENCH_PORT", "18990"))
BASE = f"http://127.0.0.1:{PORT}"
API = f"{BASE}/ngsi-ld/v1"
ENTITIES = int(os.environ.get("LOGGIA_BENCH_ENTITIES", "100000"))
SECONDS = int(os.environ.get("LOGGIA_BENCH_SECONDS", "10"))
MILLION = int(os.environ.get("LOGGIA_BENCH_MILLION", "1000000"))
STORM_S = int(os.environ.get("LOGGIA_BENCH_STORM_S", "300"))
EXAMPLES = ROOT / "target/release/examples"
TICKS = os.sysconf("SC_CLK_TCK")


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(API + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def vehicle(n):
    entity = json.loads((ROOT / "crates/ngsi-ld/examples/vehicle.json").read_bytes())
    entity["id"] = f"urn:ngsi-ld:Vehicle:{n}"
    entity["speed"]["value"] = n % 130 + 0.5
    return entity


def sync_ms(folder):
    """Median time of an append of 4 kB and fdatasync, in the folder that is written to."""
    path = pathlib.Path(folder) / "sync-probe"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    times = []
    for _ in range(200):
        os.write(fd, b"x" * 4096)
        begin = time.perf_counter()
        os.fdatasync(fd)
        times.append((time.perf_counter() - begin) * 1e3)
    os.close(fd)
    path.unlink()
    return sorted(times)[len(times) // 2]


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1e3
    return 0.0


def wrk(url, connections, script=None):
    """Requests a second, and their latency (p50, p95, p99 in ms), from wrk's own lines."""
    lua = 'done = function(s, l, r) io.stderr:write(string.format("%d %d %d %d %d %d %d\\n",' \
        "s.requests, s.duration, l:percentile(50), l:percentile(95), l:percentile(99)," \
        "s.errors.status, s.errors.connect + s.errors.read + s.errors.write +" \
        "s.errors.timeout)) end"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write((script or "") + "\n" + lua + "\n")
        file.flush()
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s",
                   "-s", file.name, url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    n, us, p50, p95, p99, refused, broken = map(int, done.stderr.split())
    if refused or broken:
        sys.exit(f"{url}: {refused} answers of 400 and above, {broken} connections broken")
    return {"per_s": n / us * 1e6, "p50_ms": p50 / 1e3, "p95_ms": p95 / 1e3, "p99_ms": p99 / 1e3}


RETRIEVE = """
local n = 0
request = function()
  n = (n * 7919 + 13) % %d
  return wrk.format("GET", "/ngsi-ld/v1/entities/urn:ngsi-ld:Vehicle:" .. n)
end"""

UPDATE = """
local n = 0
wrk.headers["content-type"] = "application/json"
request = function()
  n = (n * 7919 + 13) % %d
  local body = '{"speed":{"type":"Property","value":' .. (n % 130) .. '.5}}'
  local path = "/ngsi-ld/v1/entities/urn:ngsi-ld:Vehicle:" .. n .. "/attrs"
  return wrk.format("PATCH", path, nil, body)
end"""


class Server:
    """The example `serve` on core 0, until it is killed."""

    def __init__(self, folder):
        begin = time.perf_counter()
        serve = ["taskset", "-c", "0", str(EXAMPLES / "serve"), folder, str(PORT)]
        self.process = subprocess.Popen(serve)
        self.pid = self.process.pid
        while True:
            try:
                urllib.request.urlopen(BASE + "/echo", timeout=1).read()
                break
            except OSError:
                time.sleep(0.002)
        self.start_s = time.perf_counter() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory_mb(self):
        return memory_mb(self.pid)

    def measured(self, *args):
        before = cpu_s(self.pid)
        figures = wrk(*args)
        spent = cpu_s(self.pid) - before
        figures["cpu_us"] = round(spent / (figures["per_s"] * SECONDS) * 1e6, 1)
        return figures


def fill(first, last):
    batch = 1_000
    begin = time.perf_counter()
    for start in range(first, last, batch):
        entities = [vehicle(n) for n in range(start, min(start + batch, last))]
        call("POST", "/entityOperations/create", entities)
    return (last - first) / (time.perf_counter() - begin)


def reading(server, figure):
    echo = server.measured(BASE + "/echo", 64)
    most = echo.pop("per_s")
    figure("data plane: a bare echo of the same body", round(most), "/s", **echo)
    got = server.measured(API, 64, RETRIEVE.replace("%d", str(ENTITIES)))
    rate = got.pop("per_s")
    figure("data plane: retrieve", round(rate), "/s", ">= 15,000", rate >= 15_000, **got)
    ratio = rate / most
    figure("data plane: retrieve, of the echo", round(ratio, 2), "", ">= 0.5", ratio >= 0.5)
    got = server.measured(API + "/entities?type=Vehicle&limit=20", 64)
    rate = got.pop("per_s")
    figure("data plane: query, limit 20", round(rate), "/s", ">= 4,000", rate >= 4_000, **got)


def writing(server, figure, sync):
    limit = min(6_000, 0.6 * 256 / (sync / 1e3))
    got = server.measured(API, 256, UPDATE.replace("%d", str(ENTITIES)))
    rate = got.pop("per_s")
    figure("data plane: durable update, 256 connections", round(rate), "/s", f">= {limit:.0f}",
           rate >= limit, sync_ms=round(sync, 3), **got)
    time.sleep(20)  # The history follows the log by now.
    q = API + "/entities?type=Vehicle&q=speed%3E129;fuelLevel%3E0.6&limit=20&count=true"
    got = server.measured(q, 1)
    figure(f"data plane: type and q over {ENTITIES}, p95", got["p95_ms"], "ms", "<= 20",
           got["p95_ms"] <= 20)


def broker(figure):
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        sync = sync_ms(folder)
        bus = folder + "/bus"
        server = Server(bus)
        try:
            ms, mb = round(server.start_s * 1e3), round(server.memory_mb())
            figure("data plane: empty start", ms, "ms", "<= 50", ms <= 50)
            figure("data plane: memory when empty", mb, "MB", "<= 20", mb <= 20)
            figure("data plane: entities made, batches of 1,000", round(fill(0, ENTITIES)), "/s")
            reading(server, figure)
            writing(server, figure, sync)
            fill(ENTITIES, MILLION)
            mb = round(server.memory_mb())
            figure(f"data plane: memory with {MILLION} entities", mb, "MB", "<= 3000", mb <= 3_000)
        finally:
            server.kill()
        server = Server(bus)
        figure(f"data plane: start after kill -9 with {MILLION}", round(server.start_s, 1), "s")
        server.kill()


def storm(figure):
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        done = subprocess.run([EXAMPLES / "storm", folder, str(STORM_S)], stdout=subprocess.PIPE,
                              text=True)
    if not done.stdout.strip():
        sys.exit("the storm broke off")
    told = json.loads(done.stdout)
    figure(f"storm of {STORM_S} s with kill -9: notifications missing", told["missing"], "",
           "0", told["missing"] == 0, due=told["due"], again=told["again"],
           out_of_order=told["out_of_order"], caught_up_s=told["caught_up_s"])
    figure("storm: acknowledged writes lost", told["writes_lost"], "", "0",
           told["writes_lost"] == 0, changes=told["changes"], down_s=told["down_s"])
    figure("storm: write to notification, median", told["p50_ms"], "ms", p99_ms=told["p99_ms"])


def report(figure):
    """Measures, and tells `figure(name, value, unit, target, met, **more)`."""
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    build = ["cargo", "build", "--release", "--quiet", "-p", "loggia-ngsi-ld", "--examples"]
    subprocess.run(build, cwd=ROOT, check=True)
    broker(figure)
    storm(figure)


def printed(name, value, unit, target=None, met=None, **more):
    mark = "" if met is None else ("met" if met else "MISSED")
    print(f"{name:58} {value:>10} {unit:3} {target or '':10} {mark:6} {more or ''}", flush=True)


if __name__ == "__main__":
    report(printed)

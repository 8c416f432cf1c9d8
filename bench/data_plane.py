#!/usr/bin/env python3
"""The data plane's speed: the broker on one core, the load (wrk) on the other.

Prints each figure beside its limit of the same run: a bare echo of the same body for reading, the
disk's own sync time for durable writing. Never a peer's figure from elsewhere."""

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


def measured(pid, name, *args):
    before = cpu_s(pid)
    figures = wrk(*args)
    spent = cpu_s(pid) - before
    figures["cpu_us"] = spent / (figures["per_s"] * SECONDS) * 1e6
    print(f"{name:34} {figures['per_s']:9.0f}/s  p50 {figures['p50_ms']:7.2f} ms  "
          f"p95 {figures['p95_ms']:7.2f}  p99 {figures['p99_ms']:7.2f}  "
          f"CPU {figures['cpu_us']:6.1f} µs each", flush=True)
    return figures


def main():
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed: apt-get install wrk")
    build = ["cargo", "build", "--release", "--quiet", "-p", "loggia-ngsi-ld", "--example", "serve"]
    subprocess.run(build, cwd=ROOT, check=True)
    results = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        sync = sync_ms(folder)
        results["sync_ms"] = sync
        print(f"fdatasync of 4 kB takes {sync:.2f} ms here (half of them less)")
        serve = ["taskset", "-c", "0", str(ROOT / "target/release/examples/serve"), folder + "/bus",
                 str(PORT)]
        begin = time.perf_counter()
        server = subprocess.Popen(serve)
        try:
            while True:
                try:
                    urllib.request.urlopen(BASE + "/echo", timeout=1).read()
                    break
                except OSError:
                    time.sleep(0.002)
            results["empty_start_ms"] = (time.perf_counter() - begin) * 1e3
            results["empty_mb"] = memory_mb(server.pid)
            print(f"empty start {results['empty_start_ms']:.0f} ms, {results['empty_mb']:.0f} MB")
            fill(server, results)
            measure(server.pid, results)
        finally:
            server.kill()
            server.wait()
        begin = time.perf_counter()
        server = subprocess.Popen(serve)
        while True:
            try:
                urllib.request.urlopen(BASE + "/echo", timeout=1).read()
                break
            except OSError:
                time.sleep(0.01)
        results["start_s"] = time.perf_counter() - begin
        print(f"start after kill -9 with {ENTITIES} entities: {results['start_s']:.2f} s")
        server.kill()
        server.wait()
    print(json.dumps(results))


def fill(server, results):
    batch = 1_000
    begin = time.perf_counter()
    for first in range(0, ENTITIES, batch):
        entities = [vehicle(n) for n in range(first, min(first + batch, ENTITIES))]
        call("POST", "/entityOperations/create", entities)
    results["fill_per_s"] = ENTITIES / (time.perf_counter() - begin)
    results["mb"] = memory_mb(server.pid)
    print(f"{ENTITIES} entities: {results['fill_per_s']:.0f}/s in batches of {batch}, "
          f"{results['mb']:.0f} MB, {results['mb'] * 1e3 / ENTITIES:.2f} kB each")


def measure(pid, results):
    sync = results["sync_ms"]
    results["echo"] = measured(pid, "echo of the same body, 64", BASE + "/echo", 64)
    results["retrieve"] = measured(
        pid, "retrieve, 64", API, 64, RETRIEVE.replace("%d", str(ENTITIES)))
    ratio = results["retrieve"]["per_s"] / results["echo"]["per_s"]
    print(f"{'':34} {ratio:.2f} of the echo (0.5 and 15,000/s are wanted)")
    results["query"] = measured(
        pid, "query type, limit 20, 64", API + "/entities?type=Vehicle&limit=20", 64)
    results["update"] = measured(
        pid, "durable update, 256", API, 256, UPDATE.replace("%d", str(ENTITIES)))
    limit = min(6_000, 0.6 * 256 / (sync / 1e3))
    print(f"{'':34} {limit:.0f}/s are wanted: 0.6 × 256 ÷ {sync:.2f} ms, or 6,000")
    time.sleep(20)  # The history follows the log by now.
    q = API + "/entities?type=Vehicle&q=speed%3E129;fuelLevel%3E0.6&limit=20&count=true"
    results["type_q"] = measured(pid, f"type + q over {ENTITIES}, 1", q, 1)


if __name__ == "__main__":
    main()

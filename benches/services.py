#!/usr/bin/env python3
"""Services from cold to ready, against the Engine's API with nothing around it.

  benches/services.py [--reps 7] [--apex target/release/apex]

Both ways do the same in turn: make a network, then make, start and probe containers of the images
of tests/images. The raw way probes every 5 ms. Times of Apex are between the first
`service.starting` and the last `service.ready` of its journal; "to the verdict" is from the end of
the last job to the last event, "to the exit" the end of the program after that.
"""
import argparse, contextlib, http.client, json, os, socket, statistics, subprocess, sys, tempfile, threading, time

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
SORTS = {
    "redis": ("apex-test/redis:1", None, 6379),
    "postgres": ("apex-test/postgres:1", None, 5432),
    "web": ("apex-test/busybox:1", ["httpd", "-f", "-p", "80", "-h", "/"], 80),
}


def api(method, path, body=None):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(SOCKET)
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status >= 400:
        raise RuntimeError(f"{path}: {answer.status} {data[:200]}")
    return json.loads(data) if data[:1] in b"{[" and data else None


def await_answer(sort, port):
    question, expected = {
        "redis": (b"PING\r\n", b"+PONG"),
        "postgres": (b"\0\0\0\x29\0\3\0\0user\0postgres\0database\0postgres\0\0", b"R"),
        "web": (b"GET /ok HTTP/1.0\r\n\r\n", b"HTTP/1"),
    }[sort]
    while True:
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), 1) as stream:
                stream.settimeout(1)
                stream.sendall(question)
                if stream.recv(16).startswith(expected):
                    return
        time.sleep(0.005)


def raw(sorts):
    """Seconds from nothing to everything ready."""
    made = []
    began = time.perf_counter()
    network = api("POST", "/networks/create", {"Name": f"bench-{os.getpid()}-{time.time_ns()}"})["Id"]

    def one(sort):
        image, command, inner = SORTS[sort]
        host = {"NetworkMode": network, "PortBindings": {f"{inner}/tcp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]}}
        order = {"Image": image, "Cmd": command, "ExposedPorts": {f"{inner}/tcp": {}}, "HostConfig": host}
        id = api("POST", "/containers/create", order)["Id"]
        made.append(id)
        api("POST", f"/containers/{id}/start")
        ports = api("GET", f"/containers/{id}/json")["NetworkSettings"]["Ports"]
        await_answer(sort, int(ports[f"{inner}/tcp"][0]["HostPort"]))

    threads = [threading.Thread(target=one, args=(sort,)) for sort in sorts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    for id in made:
        api("DELETE", f"/containers/{id}?force=1&v=1")
    api("DELETE", f"/networks/{network}")
    return took


SERVICES = {
    "redis": "redis: {image: 'apex-test/redis:1', SCOPE}",
    "postgres": "postgresql: {image: 'apex-test/postgres:1', SCOPE}",
    "web": "web: {image: 'apex-test/busybox:1', command: [httpd, -f, -p, '80', -h, /], ports: {main: 80}, "
           "readiness: {http: {path: /ok}}, SCOPE}",
}


def apex(program, folder, sorts, scope="scope: run"):
    """Seconds from the first start to everything ready; to the verdict; to the exit; the whole."""
    names = [SERVICES[sort].split(":")[0] for sort in sorts]
    with open(f"{folder}/apex.yaml", "w") as file:
        file.write("apex: 1\nlayers:\n  one:\n    required_services: [" + ", ".join(names) + "]\n"
                   "    categories: [{name: probe, command: [/bin/true]}]\nservices:\n")
        for sort in sorts:
            file.write("  " + SERVICES[sort].replace("SCOPE", scope) + "\n")
    began = time.time()
    done = subprocess.run([program, "run"], cwd=folder, capture_output=True, text=True)
    ended = time.time()
    if done.returncode != 0:
        sys.exit(done.stderr)
    run = sorted(os.listdir(f"{folder}/.apex/runs"))[-1]
    lines = [json.loads(line) for line in open(f"{folder}/.apex/runs/{run}/events.jsonl")]
    at = lambda type: [line["at"] for line in lines if line["type"] == type]
    ready = max(at("service.ready")) - min(at("service.starting"))
    verdict = lines[-1]["at"] - max(at("job.finished"))
    return ready, verdict, (ended - began) - lines[-1]["at"], ended - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reps", type=int, default=7)
    parser.add_argument("--apex", default="target/release/apex")
    options = parser.parse_args()
    program = os.path.abspath(options.apex)
    print(f"load {os.getloadavg()[0]:.1f}, {options.reps} rotations, medians in ms, ratios within a rotation")
    for name, sorts in (("redis", ["redis"]), ("postgres", ["postgres"]), ("all three", list(SORTS))):
        rows, ratios = [], []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(options.reps):
                limit = raw(sorts)
                measured = apex(program, folder, sorts)
                rows.append((limit, *measured))
                ratios.append(measured[0] / limit)
        middle = [statistics.median(column) * 1000 for column in zip(*rows)]
        print(f"{name}: raw {middle[0]:.0f}, apex {middle[1]:.0f}, ratio {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f}), to the verdict {middle[2]:.1f}, to the exit {middle[3]:.0f}")
    with tempfile.TemporaryDirectory() as folder:
        apex(program, folder, list(SORTS), "scope: keep")
        kept = [apex(program, folder, list(SORTS), "scope: keep") for _ in range(options.reps)]
        subprocess.run([program, "services", "down"], cwd=folder, check=True, capture_output=True)
    middle = [statistics.median(column) * 1000 for column in zip(*kept)]
    print(f"all three, kept and up already: {middle[0]:.1f} to ready, whole run {middle[3]:.0f}")


if __name__ == "__main__":
    main()

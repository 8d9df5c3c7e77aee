#!/usr/bin/env python3
"""Measures Apex on 1,000 trivial tests of pytest beside pytest itself, in rotation.

    benches/suites.py APEX [ROTATIONS]

Two slots; ratios within a rotation, medians over all. Needs pytest for the first python3 on PATH.
On a machine that others load, call it with a real-time priority (chrt -r 1).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 20
TESTS = 50

LAYERS = """apex: 1
layers:
  fast_feedback:
    categories:
      - {name: unit, runner: pytest, paths: [tests], shards: auto}
"""


def make_suite(folder):
    os.makedirs(os.path.join(folder, "tests"))
    names = ["tests/test_%02d.py" % number for number in range(FILES)]
    for name in names:
        with open(os.path.join(folder, name), "w") as file:
            file.writelines("def test_%d():\n    assert %d + 1 == 1 + %d\n\n" % (n, n, n) for n in range(TESTS))
    for name, text in (("apex.yaml", LAYERS), ("pytest.ini", "[pytest]\n")):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    return names


def run_all(calls, folder):
    """Seconds until all calls, begun at once, have ended well."""
    began = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    running = [subprocess.Popen(call, **quiet) for call in calls]
    codes = [process.wait() for process in running]
    assert not any(codes), (calls, codes)
    return time.perf_counter() - began


def main():
    apex = os.path.abspath(sys.argv[1])
    rotations = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        names = make_suite(folder)
        plain = ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        run = [apex, "run", "--mode", "fast_feedback", "--jobs", "2"]
        half = FILES // 2
        took = {"one pytest": [], "two, half of the files each": [], "apex, first run": [], "apex, further run": []}
        for _ in range(rotations + 1):
            shutil.rmtree(os.path.join(folder, ".apex"), ignore_errors=True)
            calls = ([plain], [plain + names[:half], plain + names[half:]], [run], [run])
            for times, call in zip(took.values(), calls):
                times.append(run_all(call, folder))
        print("| | seconds | of one pytest | of two |\n|---|---|---|---|")
        one, two = took["one pytest"][1:], took["two, half of the files each"][1:]
        for name, times in took.items():
            # The first rotation writes what Python compiles.
            times = times[1:]
            ratios = [statistics.median(a / b for a, b in zip(times, base)) for base in (one, two)]
            print("| %s | %.2f | %.2f | %.2f |" % (name, statistics.median(times), *ratios))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# Written by `apex shim install`. Hands every argument to apex, unchanged.
import os
import shutil
import subprocess
import sys


def find(here, root):
    name = "apex.exe" if os.name == "nt" else "apex"
    places = [os.environ.get("APEX_BIN"), os.path.join(here, name)]
    places += [os.path.join(root, "target", kind, name) for kind in ("release", "debug")]
    for place in places:
        if place and os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return shutil.which("apex")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    is_inside = os.path.basename(here) in ("scripts", "tests")
    own = os.path.dirname(here) if is_inside else here
    root = os.environ.get("APEX_PROJECT_ROOT") or own
    program = find(here, root)
    if program is None:
        sys.stderr.write("unified_test_runner.py: apex was not found; set APEX_BIN or PATH\n")
        return 127
    os.environ.setdefault("APEX_PROJECT_ROOT", root)
    call = [program] + sys.argv[1:]
    if os.name == "nt":
        return subprocess.call(call)
    os.execv(program, call)


if __name__ == "__main__":
    sys.exit(main())

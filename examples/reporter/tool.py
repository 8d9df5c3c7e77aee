"""A tool with tests of its own, and a reporter for Apex: see `report` and its calls."""

import json
import os
import sys
import time
import traceback


def addition():
    assert 1 + 1 == 2


def division():
    assert 1 / 2 == 0.5


CHECKS = {"arithmetic::addition": addition, "arithmetic::division": division}


def report(event, **fields):
    """Appends one line of JSON; without Apex the tool says nothing."""
    path = os.environ.get("APEX_EVENTS")
    if path:
        with open(path, "a") as events:
            events.write(json.dumps({"event": event, **fields}) + "\n")


def run(name):
    """Runs one check; the answer is whether it passed."""
    report("started", id=name)
    began = time.monotonic()
    outcome, message, details = "passed", "", ""
    try:
        CHECKS[name]()
    except Exception as error:
        outcome, message, details = "failed", repr(error), traceback.format_exc()
    seconds = time.monotonic() - began
    report("finished", id=name, outcome=outcome, seconds=seconds, message=message, details=details)
    return outcome == "passed"


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(CHECKS))
        return 0
    results = [run(name) for name in arguments or CHECKS]
    report("done")
    return 0 if all(results) else 1


sys.exit(main(sys.argv[1:]))

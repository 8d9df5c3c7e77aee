"""Tells Apex what pytest does: one JSON line per event, flushed at once.

Loaded with ``-p apex_pytest``; needs nothing but pytest itself (6.2 or later, Python 3.8 or
later) and ``apex_channel``, by which it tells and is told. Under xdist the controller reports and
every process selects. It changes no option of the user.
"""

import os

import pytest

from apex_channel import (
    Channel,
    TestSpans,
    bounded,
    clean,
    of_shard,
    read_only,
    read_part,
    read_selection,
    relative,
)
from apex_ending import Ending

MARKERS_OF_CRITICAL = ("critical", "mission_critical")


def first_line(text):
    for line in text.splitlines():
        if line.strip():
            return clean(line.strip())[:1000]
    return ""


class Part:
    """Which part of its paths this program runs, when others run the rest beside it."""

    def __init__(self):
        part = read_part()
        self.is_some = part is not None
        leave, only, without, serial, self.marked = part or ([], [], [], [], False)
        self.leave = set(leave)
        self.only = set(only)
        self.only_files = {one.split("::")[0] for one in only}
        self.without = set(without)
        self.serial = set(serial)

    def leaves(self, path):
        """Whether another program runs this file."""
        return bool(self.leave) and relative(path) in self.leave

    def shares(self, name):
        """Whether another program reports what is wrong or skipped about this file as a whole."""
        return name in self.only_files or (self.marked and name in self.serial)

    def has(self, item):
        nodeid = clean(item.nodeid)
        path = relative(getattr(item, "path", None) or item.fspath)
        if nodeid in self.without or path in self.leave:
            return False
        if self.only and nodeid not in self.only and nodeid.split("::")[0] in self.only_files:
            return False
        if path not in self.serial:
            return True
        return (item.get_closest_marker("serial") is not None) == self.marked


class Selection:
    """Which of the collected tests belong to this program."""

    def __init__(self):
        self.read()

    def read(self):
        """Takes the selection of the job that begins."""
        chosen = read_selection()
        self.shard = chosen.get("shard")
        self.part = Part()
        self.list_only = bool(chosen.get("list"))
        self.only = read_only()
        self.files = None if self.only is None else {one.split("::")[0] for one in self.only}

    def keeps(self, items):
        """The items that are kept, in their order."""
        if self.only is not None:
            return [item for item in items if clean(item.nodeid) in self.only]
        if self.part.is_some:
            items = [item for item in items if self.part.has(item)]
        return of_shard(items, lambda item: item.nodeid.split("::")[0], self.shard)


class Progress:
    """What is known about the test that runs: its phases so far."""

    def __init__(self):
        self.seconds = 0.0
        self.was_repeated = False
        self.outcome = None
        self.message = ""
        self.details = []
        self.output = ""

    def add(self, report):
        self.seconds += report.duration
        # The outcome that pytest-rerunfailures gives to a try that is repeated.
        self.was_repeated = self.was_repeated or report.outcome == "rerun"
        outcome, message = judged(report)
        if outcome is not None and rank(outcome) > rank(self.outcome):
            self.outcome = outcome
            self.message = message
        if outcome in ("failed", "errored"):
            self.details.append(report.longreprtext)
        if report.failed:
            # The sections of a later phase repeat those of the earlier ones.
            self.output = "\n".join(
                "----- %s -----\n%s" % (name, content) for name, content in report.sections
            )


def rank(outcome):
    return {None: 0, "passed": 1, "skipped": 2, "failed": 3, "errored": 4}[outcome]


def judged(report):
    """Outcome and message of one phase; no outcome when the phase decides nothing."""
    if report.failed:
        message = crash_message(report)
        return ("failed" if report.when == "call" else "errored"), message
    if report.skipped:
        if hasattr(report, "wasxfail"):
            return "skipped", "expected failure: %s" % report.wasxfail if report.wasxfail else "expected failure"
        return "skipped", skip_reason(report)
    if report.when == "call":
        if hasattr(report, "wasxfail"):
            return "passed", "passed although it was expected to fail"
        return "passed", ""
    return None, ""


def crash_message(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    message = getattr(crash, "message", None)
    if message is None:
        message = report.longrepr if isinstance(report.longrepr, str) else report.longreprtext
    if report.when in ("setup", "teardown"):
        return "%s failed: %s" % ({"setup": "set-up", "teardown": "tear-down"}[report.when], first_line(message))
    return first_line(message)


def skip_reason(report):
    if isinstance(report.longrepr, tuple) and len(report.longrepr) == 3:
        reason = str(report.longrepr[2])
        return first_line(reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason)
    return first_line(str(report.longrepr))


def place_of(item):
    try:
        file, line, _ = item.location
    except Exception:
        return item.nodeid.split("::")[0], None
    path = os.path.join(str(item.config.rootdir), file)
    return relative(path), None if line is None else line + 1


def described(item):
    parts = item.nodeid.split("::")
    file, line = place_of(item)
    critical = any(item.get_closest_marker(name) is not None for name in MARKERS_OF_CRITICAL)
    return {
        "id": clean(item.nodeid),
        "suite": clean("::".join(parts[:-1]) or parts[0]),
        "name": clean(parts[-1]),
        "file": clean(file),
        "line": line,
        "critical": critical,
    }


class Reporter:
    """The hooks that report; not registered in xdist's workers."""

    def __init__(self, channel, selection):
        self.channel = channel
        self.selection = selection
        self.forget()

    def forget(self):
        """Begins anew, for another job."""
        self.running = {}
        self.broken = set()
        self.known = set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_load_initial_conftests(self):
        outcome = yield
        error = getattr(outcome, "excinfo", None)
        if not error:
            return
        # Older releases keep (path, exc_info) in the error, newer ones path and cause.
        path = getattr(error[1], "path", None)
        cause = getattr(error[1], "cause", None) or (getattr(error[1], "excinfo", None) or (None, None))[1]
        if path is not None:
            text = "%s: %s" % (type(cause).__name__, cause) if cause is not None else str(error[1])
            self.tell_broken(relative(path), text, text)

    def pytest_collectreport(self, report):
        if report.failed:
            text = report.longreprtext
            name = report.nodeid.split("::")[0] or "conftest"
            self.tell_broken(name, error_line(text), text)
        elif report.skipped and not self.selection.part.shares(report.nodeid.split("::")[0]):
            name = clean(report.nodeid)
            self.tell_found([whole_file(name)])
            self.channel.send("end", id=name, outcome="skipped", seconds=0, message=skip_reason(report))

    def tell_broken(self, name, message, text):
        name = clean(name)
        if name in self.broken:
            return
        self.broken.add(name)
        self.channel.send("broken", id=name, file=name, message=first_line(message), details=bounded(text))

    def tell_found(self, tests):
        self.known.update(test["id"] for test in tests)
        self.channel.send_found(tests)

    def pytest_collection_finish(self, session):
        self.tell_found([described(item) for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.tell_found([by_id(one) for one in ids if clean(one) not in self.known])

    def pytest_runtest_logstart(self, nodeid, location):
        self.running[nodeid] = Progress()
        self.channel.send("start", id=clean(nodeid))

    def pytest_runtest_logreport(self, report):
        progress = self.running.setdefault(report.nodeid, Progress())
        progress.add(report)
        # After a crash of a worker, xdist reports a phase of no name and nothing after it.
        if report.when not in ("setup", "call"):
            self.finish(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid, location):
        # Without a tear-down (a worker of xdist crashed) the report so far is the result.
        if nodeid in self.running and self.running[nodeid].outcome is not None:
            self.finish(nodeid)

    def finish(self, nodeid):
        progress = self.running.pop(nodeid)
        if progress.was_repeated and progress.outcome == "passed":
            progress.outcome, progress.message = "flaky", "passed when it was tried again"
        self.channel.send(
            "end",
            id=clean(nodeid),
            outcome=progress.outcome or "errored",
            seconds=progress.seconds,
            message=progress.message,
            details=bounded("\n".join(progress.details)),
            output=bounded(progress.output),
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        reason = getattr(session, "shouldfail", False) or getattr(session, "shouldstop", False)
        self.channel.send("finished", status=int(exitstatus), text=clean(str(reason)) if reason else "")

    def pytest_keyboard_interrupt(self, excinfo):
        self.channel.send("stopped", text=clean(str(excinfo.value)))

    def pytest_internalerror(self, excrepr):
        self.channel.send("stopped", text=error_line(str(excrepr)))


def error_line(text):
    """The line of a traceback that names the error: the last one that pytest marks with E."""
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    if marked:
        return clean(marked[-1])[:1000]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return clean(lines[-1])[:1000] if lines else ""


def by_id(nodeid):
    parts = clean(nodeid).split("::")
    return {"id": clean(nodeid), "suite": "::".join(parts[:-1]) or parts[0], "name": parts[-1], "file": parts[0]}


def whole_file(name):
    return {"id": name, "suite": name, "name": name, "file": name.split("::")[0]}


class Selector:
    """The hooks that select, and tell each test its place; registered in every process."""

    def __init__(self, selection, resident):
        self.selection = selection
        self.resident = resident
        self.spans = TestSpans()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        left = self.choose(items)
        if left:
            config.hook.pytest_deselected(items=left)

    def choose(self, items):
        if self.resident is not None:
            return self.resident.choose(items)
        collected = list(items)
        items[:] = self.selection.keeps(collected)
        chosen = set(map(id, items))
        return [item for item in collected if id(item) not in chosen]

    def leaves(self, path):
        """Whether a file is not to be collected for this job."""
        was_collected = self.resident is not None and self.resident.has(path)
        return True if was_collected or self.selection.part.leaves(path) else None

    # pytest 7 named the path anew, and 9 knows the old name no more.
    if hasattr(pytest, "version_tuple") and pytest.version_tuple >= (7, 0):

        def pytest_ignore_collect(self, collection_path):
            return self.leaves(collection_path)

    else:

        def pytest_ignore_collect(self, path):
            return self.leaves(path)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        self.spans.enter(clean(item.nodeid))
        yield
        self.spans.leave()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        # Listing: everything is collected, nothing runs.
        return True if self.selection.list_only else None


_selection = Selection()
_channel = Channel()
_reporter = Reporter(_channel, _selection) if "PYTEST_XDIST_WORKER" not in os.environ else None
_resident = None

if _reporter is not None:
    pytest_load_initial_conftests = _reporter.pytest_load_initial_conftests

if _reporter is not None and "APEX_ORDERS" in os.environ:
    from apex_resident import Resident

    _resident = Resident(_channel, _selection, _reporter)


def pytest_cmdline_main(config):
    return _resident.main(config) if _resident is not None else None


def pytest_configure(config):
    config.pluginmanager.register(Selector(_selection, _resident), "apex-selector")
    if _reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_reporter, "apex-reporter")
        config.pluginmanager.register(Ending(), "apex-ending")

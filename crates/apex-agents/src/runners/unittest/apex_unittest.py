"""Runs unittest suites for Apex: one JSON line per event, flushed at once.

Standard library only, Python 3.8 or later, and ``apex_channel``, by which it tells and is told.
"""

import fnmatch
import inspect
import os
import sys
import time
import traceback
import unittest

from apex_channel import Channel, bounded, clean, of_shard, read_only, read_part, read_selection


def read_leave():
    """Files that other programs run."""
    leave = (read_part() or [[]])[0]
    return {os.path.normpath(path) for path in leave}


def is_ignored(path, ignored):
    path = os.path.normpath(path).replace(os.sep, "/")
    for pattern in ignored:
        pattern = os.path.normpath(pattern).replace(os.sep, "/")
        if path == pattern or path.startswith(pattern + "/") or fnmatch.fnmatch(path, pattern):
            return True
    return False


def module_name(path):
    """The name to import a file by, and the folder from which that works."""
    path = os.path.normpath(path)
    folder, file = os.path.split(path)
    parts = [os.path.splitext(file)[0]]
    while folder and os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    # Without a package, a folder below the working directory still makes a namespace package
    # when its name is an identifier, as `python -m unittest discover` names it.
    while folder and not os.path.isabs(folder):
        folder, package = os.path.split(folder)
        if not package.isidentifier():
            return parts[-1], os.path.join(folder, package)
        parts.insert(0, package)
    return ".".join(parts), folder or "."


def test_files(paths, ignored):
    """The files below the paths, and for a file named with ids (``file::Class::test``) these ids."""
    found = []
    ids = {}
    for path in paths or ["."]:
        path, _, wanted = path.partition("::")
        if wanted:
            ids.setdefault(os.path.relpath(path), []).append(wanted.replace("::", "."))
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders[:] = sorted(
                    one
                    for one in folders
                    if not one.startswith(".") and one not in ("__pycache__", "node_modules", "venv")
                )
                found.extend(
                    os.path.join(folder, one)
                    for one in sorted(files)
                    if one.endswith(".py") and (one.startswith("test") or one.endswith("_test.py"))
                )
        else:
            found.append(path)
    files = []
    for path in found:
        path = os.path.relpath(path)
        if path not in files and not is_ignored(path, ignored):
            files.append(path)
    return files, ids


def flat(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            for inner in flat(one):
                yield inner
        else:
            yield one


def line_of(test):
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    # What a decorator wraps around a test, such as the one that skips it, stands elsewhere.
    method = inspect.unwrap(method) if method is not None else None
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code.co_firstlineno if code is not None else None


class Result(unittest.TestResult):
    """Reports each test; sub-tests belong to their test."""

    def __init__(self, channel):
        super().__init__()
        self.channel = channel
        self.outcome = None
        self.message = ""
        self.details = []
        self.began = 0.0
        self.current = None
        self.is_bad = False
        # Errors and skips of a class or module: (name, outcome, message, details).
        self.groups = []
        self.ended = set()
        # The result buffers what tests print, and shows it for those that fail.
        self.buffer = True

    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.message, self.details = None, "", []
        self.current = test.id()
        self.began = time.perf_counter()
        self.channel.send("start", id=clean(self.current))

    def stopTest(self, test):
        output = ""
        if self.outcome in ("failed", "errored") and self.buffer:
            output = sys.stdout.getvalue() + sys.stderr.getvalue()
            self._mirrorOutput = False
        super().stopTest(test)
        self.ended.add(test.id())
        self.channel.send(
            "end",
            id=clean(test.id()),
            outcome=self.outcome or "passed",
            seconds=time.perf_counter() - self.began,
            message=self.message[:1000],
            details=bounded("\n".join(self.details)),
            output=bounded(output),
        )
        self.current = None

    def note(self, outcome, message, details=""):
        self.is_bad = self.is_bad or outcome in ("failed", "errored")
        if outcome == "errored" or self.outcome in (None, "skipped"):
            self.outcome, self.message = outcome, clean(message)
        if details:
            self.details.append(details)

    def note_error(self, test, error, outcome, prefix=""):
        text = self._exc_info_to_string(error, test)
        last = traceback.format_exception_only(error[0], error[1])[-1].strip()
        first = last.splitlines()[0] if last else error[0].__name__
        if self.current is None:
            # Not in a test: set-up or tear-down of a class or a module.
            self.is_bad = True
            self.groups.append((str(test.id()), "errored", first, text))
            return
        self.note(outcome, prefix + first, prefix + text)

    def addSuccess(self, test):
        self.note("passed", "")

    def addError(self, test, err):
        self.note_error(test, err, "errored")

    def addFailure(self, test, err):
        self.note_error(test, err, "failed")

    def addSkip(self, test, reason):
        if self.current is None:
            self.groups.append((str(test.id()), "skipped", reason, ""))
            return
        # A skipped sub-test does not skip its test.
        if test.id() == self.current:
            self.note("skipped", reason)

    def addExpectedFailure(self, test, err):
        last = traceback.format_exception_only(err[0], err[1])[-1].strip()
        self.note("skipped", "expected failure: " + last.splitlines()[0])

    def addUnexpectedSuccess(self, test):
        self.note("failed", "passed although it was expected to fail")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note_error(test, err, "failed", prefix=subtest._subDescription() + ": ")


def settle_groups(channel, result, tests):
    """Gives the tests of a class or module that could not be set up the outcome of its set-up."""
    for name, outcome, message, details in result.groups:
        what, _, group = name.rstrip(")").partition(" (")
        members = [test for test, _ in tests if test.id().startswith(group + ".") and test.id() not in result.ended]
        message = message if outcome == "skipped" else "%s failed: %s" % (what, message)
        for test in members:
            result.ended.add(test.id())
            channel.send(
                "end", id=clean(test.id()), outcome=outcome, seconds=0, message=clean(message), details=bounded(details)
            )
        if not members and outcome != "skipped":
            channel.send("broken", id=clean(name), file="", message=clean(message), details=bounded(details))


def is_wanted(identity, module, ids):
    """Whether a test is one of the ids of its file, or below one of them."""
    inside = identity[len(module) + 1 :] if identity.startswith(module + ".") else identity
    return any(inside == one or inside.startswith(one + ".") for one in ids)


def load(files, ids, channel, keyword):
    """The tests of the files with their places; a file that cannot be imported is reported."""
    loader = unittest.TestLoader()
    if keyword:
        loader.testNamePatterns = [one if "*" in one else "*%s*" % one for one in keyword.split(" or ")]
    tests = []
    for path in files:
        name, folder = module_name(path)
        folder = os.path.abspath(folder)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        shown = clean(path.replace(os.sep, "/"))
        try:
            # By the import system, and not by the loader, whose error is a test of its own.
            __import__(name)
            suite = loader.loadTestsFromModule(sys.modules[name])
        except unittest.SkipTest as skipped:
            channel.send("found", tests=[{"id": shown, "suite": shown, "name": shown, "file": shown}])
            channel.send("end", id=shown, outcome="skipped", seconds=0, message=clean(str(skipped)))
            continue
        except (Exception, SystemExit) as error:
            last = traceback.format_exception_only(type(error), error)[-1].strip()
            first = last.splitlines()[0] if last else type(error).__name__
            channel.send(
                "broken", id=shown, file=shown, message=clean(first), details=bounded(traceback.format_exc())
            )
            continue
        wanted = ids.get(os.path.relpath(path))
        tests.extend(
            (test, shown) for test in flat(suite) if wanted is None or is_wanted(test.id(), name, wanted)
        )
    return tests


def chosen_tests(tests, selection, only):
    if only is not None:
        return [(test, file) for test, file in tests if clean(test.id()) in only]
    return of_shard(tests, lambda one: one[1], selection.get("shard"))


def tell_found(channel, tests):
    lines = []
    for test, file in tests:
        identity = clean(test.id())
        suite, _, name = identity.rpartition(".")
        lines.append({"id": identity, "suite": suite or file, "name": name, "file": file, "line": line_of(test)})
    channel.send_found(lines)


def main():
    channel = Channel()
    selection = read_selection()
    sys.path[0] = os.getcwd()
    leave = read_leave()
    files, ids = test_files(selection.get("paths") or [], selection.get("ignore") or [])
    files = [path for path in files if os.path.normpath(path) not in leave]
    tests = load(files, ids, channel, selection.get("keyword"))
    tests = chosen_tests(tests, selection, read_only())
    tell_found(channel, tests)
    result = Result(channel)
    if not selection.get("list"):
        suite = unittest.TestSuite(test for test, _ in tests)
        result.startTestRun()
        suite.run(result)
        result.stopTestRun()
        settle_groups(channel, result, tests)
    channel.send("finished", status=0, text="")
    return 1 if result.is_bad else 0


if __name__ == "__main__":
    sys.exit(main())

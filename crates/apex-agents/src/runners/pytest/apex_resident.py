"""Lets one process of pytest run the tests of several jobs, one job after the other.

Imports, ``conftest.py`` and the fixtures of the session are paid for once. A job is collected by
pytest itself when it comes; a file is collected once, and the tests of it that belong to another
job are kept until that job comes. Between two jobs everything below the session is torn down, so
that what goes wrong there is told with the last test of its job. Standard library and pytest only.

What Apex says comes over a named pipe, one line each: ``job FILE`` (paths and variables as JSON),
``stay`` or ``leave``. An end of that pipe means ``leave``: Apex is gone.
"""

import glob
import json
import os
import sys

import pytest

from apex_channel import clean, relative

#: What another part of pytest's own code may implement without changing how tests are run.
OURS = ("_pytest.", "apex_pytest", "apex_resident")

#: What a ``conftest.py`` has no effect with, or is refused for, when it is loaded late.
ONLY_AT_FIRST = ("pytest_plugins", "pytest_addoption", "pytest_sessionstart", "pytest_cmdline_main")

#: Names of variables that each job has values of its own for.
OF_A_JOB = ("APEX_PART_", "APEX_ONLY_")


class NextJob(pytest.Item):
    """Stands for the first test of a job that is not known yet: the session is all it shares."""

    def runtest(self):
        raise AssertionError("it stands for another test and is never run")

    def reportinfo(self):
        return self.path if hasattr(self, "path") else self.fspath, None, self.name


class Resident:
    """The way of the process from job to job."""

    def __init__(self, channel, selection, reporter):
        self.channel = channel
        self.selection = selection
        self.reporter = reporter
        # Whether this is the last job, or the only one.
        self.is_leaving = False
        # Whether pytest, or the suite, runs its own loop.
        self.is_alone = False
        # Collected tests by file, after all hooks of the suite.
        self.files = {}
        # The paths of this job: folders as beginnings of paths.
        self.asked = set()
        self.folders = ()
        self.boundary = None
        # Not for the programs that tests start.
        self.jobs = open(os.environ.pop("APEX_ORDERS"), encoding="utf-8")

    def main(self, config):
        from _pytest.main import wrap_session

        config.pluginmanager.register(self, "apex-resident")
        if hasattr(pytest, "Directory"):
            config.pluginmanager.register(Directories(), "apex-directories")
        return wrap_session(config, self.serve)

    def serve(self, config, session):
        """All jobs; the answer is the exit code of the last one, or that of the end when no job
        came any more: what the jobs amount to was told then."""
        self.collect(config, session, config.args)
        while True:
            self.look_for_loops(config)
            config.hook.pytest_runtestloop(session=session)
            status = status_of(session)
            if self.is_leaving:
                return status
            show_summary(config, status)
            sys.stdout.flush()
            sys.stderr.flush()
            self.channel.send("done", status=int(status), text="")
            if not self.next_job(config, session):
                return self.leave(session)

    def look_for_loops(self, config):
        """Gives way to a suite that collects or runs tests in its own way."""
        why = loop_of_others(config)
        if why and not self.is_alone:
            self.is_alone = self.is_leaving = True
            self.channel.send("alone", text=why)

    def collect(self, config, session, paths):
        """Collects what was not collected before."""
        self.asked = {relative(path) for path in paths}
        self.folders = tuple("" if one == "." else one + "/" for one in self.asked)
        fresh = [path for path in paths if not self.has(path)]
        if fresh:
            config.args = fresh
            config.hook.pytest_collection(session=session)
            return
        session.items = []
        self.choose(session.items)
        session.testscollected = len(session.items)
        config.hook.pytest_collection_finish(session=session)

    def choose(self, items):
        """Puts the tests of this job in the place of those that were collected just now; the
        answer is which of the latter are not among them."""
        collected = list(items)
        kept = [item for path, known in self.files.items() if self.is_asked(path) for item in known]
        for item in collected:
            self.files.setdefault(relative(path_of(item)), []).append(item)
        items[:] = self.selection.keeps(collected + kept)
        chosen = set(map(id, items))
        return [item for item in collected if id(item) not in chosen]

    def is_asked(self, path):
        """Whether a file belongs to the paths of this job."""
        return (path in self.asked or path.startswith(self.folders)) and not self.selection.part.leaves(path)

    def has(self, path):
        """Whether a file was collected for an earlier job."""
        return relative(path) in self.files

    def next_job(self, config, session):
        """Waits for a job and prepares for it; whether there is one."""
        word, _, path = self.jobs.readline().strip().partition(" ")
        if word != "job":
            return False
        with open(path, encoding="utf-8") as file:
            job = json.load(file)
        os.remove(path)
        os.chdir(str(config.invocation_params.dir))
        paths = job["arguments"] or default_paths(config)
        if not self.suits(config, paths):
            self.channel.send("declined")
            return False
        for name in [name for name in os.environ if name.startswith(OF_A_JOB)]:
            del os.environ[name]
        os.environ.update(job["variables"])
        self.selection.read()
        self.reporter.forget()
        forget_summary(config)
        session.testsfailed = 0
        self.collect(config, session, paths)
        return True

    def suits(self, config, paths):
        """Whether no ``conftest.py`` of these paths comes too late."""
        loaded = {getattr(plugin, "__file__", None) for plugin in config.pluginmanager.get_plugins()}
        here = os.getcwd()
        for path in paths:
            folder = os.path.abspath(path)
            while folder.startswith(here) and len(folder) >= len(here):
                conftest = os.path.join(folder, "conftest.py")
                if conftest not in loaded and is_needed_at_first(conftest):
                    return False
                folder = os.path.dirname(folder)
        return True

    def leave(self, session):
        """Tears the session down after its last job; the answer is the exit code."""
        self.is_leaving = True
        state = session._setupstate
        try:
            # Before pytest 7, all of it had a name of its own.
            state.teardown_all() if hasattr(state, "teardown_all") else state.teardown_exact(None)
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException as error:
            message = clean("%s: %s" % (type(error).__name__, error))
            self.channel.send("untidy", message=message[:1000])
            sys.stderr.write("The session could not be torn down: %s\n" % message)
            return pytest.ExitCode.TESTS_FAILED
        return pytest.ExitCode.OK

    def after_last(self, session):
        """The item that comes after the last one of a job; none when nothing comes any more."""
        self.channel.send("last")
        if self.jobs.readline().strip() != "stay":
            self.is_leaving = True
            return None
        if self.boundary is None:
            self.boundary = NextJob.from_parent(session, name="next job")
        return self.boundary

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """What pytest's own loop does, but for what comes after the last test."""
        if self.is_alone:
            return None
        items = session.items
        for position, item in enumerate(items):
            is_last = position + 1 == len(items)
            nextitem = self.after_last(session) if is_last else items[position + 1]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True


class Directories:
    """Keeps the nodes of folders from job to job: newer releases tie fixtures to them. Registered
    where pytest knows such nodes (8.0 or later)."""

    def __init__(self):
        self.known = {}

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        yield
        if isinstance(collector, pytest.Directory):
            self.known[collector.path] = collector

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path, parent):
        known = self.known.get(path)
        return known if known is not None and known.parent is parent else None


def status_of(session):
    """The exit code of a process that ran this job alone."""
    if session.testsfailed:
        return pytest.ExitCode.TESTS_FAILED
    return pytest.ExitCode.OK if session.testscollected else pytest.ExitCode.NO_TESTS_COLLECTED


def loop_of_others(config):
    """Who collects or runs tests in another way than pytest does; empty for nobody."""
    if config.option.collectonly:
        return "--collect-only"
    for hook in (config.hook.pytest_collection, config.hook.pytest_runtestloop):
        for implementation in hook.get_hookimpls():
            module = getattr(implementation.function, "__module__", None) or "?"
            if not module.startswith(OURS):
                return "%s of %s" % (hook.name, module)
    return ""


def is_needed_at_first(conftest):
    try:
        with open(conftest, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return False
    return any(word in text for word in ONLY_AT_FIRST)


def default_paths(config):
    """The paths of a call without any, as pytest finds them."""
    here = str(config.invocation_params.dir)
    if here == str(config.rootdir):
        found = [path for one in config.getini("testpaths") for path in sorted(glob.iglob(one, recursive=True))]
        if found:
            return found
    return [here]


def path_of(item):
    return getattr(item, "path", None) or item.fspath


def show_summary(config, status):
    """Prints what pytest prints at the end of a process, as far as this release lets us."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or getattr(config.option, "no_summary", False):
        return
    reporter.ensure_newline()
    for part in ("summary_errors", "summary_failures", "short_test_summary", "summary_stats"):
        try:
            getattr(reporter, part)()
        except Exception:
            # It is for people who read the log; every result is told over the channel.
            return


def forget_summary(config):
    """Lets the terminal reporter begin anew."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    reporter.stats.clear()
    fresh = {
        "_numcollected": 0,
        "_known_types": None,
        "_main_color": None,
        "_already_displayed_warnings": None,
        "_progress_nodeids_reported": set(),
    }
    if hasattr(reporter, "_session_start"):
        fresh["_session_start"] = type(reporter._session_start)()
    for name, value in fresh.items():
        if hasattr(reporter, name):
            setattr(reporter, name, value)

"""Turns the request of Apex to end into an interrupt, so that fixtures are torn down.

Python itself dies of the signal without a word. A test that has a reaction of its own keeps it,
and so does a process that a test forks: it dies of the signal as everywhere else.
"""

import os
import signal
import threading

import pytest


class Ending:
    """The reaction to the request; once asked, it is not asked again."""

    def __init__(self):
        self.session = None
        self.is_ending = False
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self.asked)
            os.register_at_fork(after_in_child=self.leave_child)

    def asked(self, number, frame):
        if self.is_ending:
            return
        self.is_ending = True
        if self.session is not None:
            # For a test that catches whatever is raised in it.
            self.session.shouldstop = "asked to end"
        raise KeyboardInterrupt("asked to end")

    def leave_child(self):
        if signal.getsignal(signal.SIGTERM) == self.asked:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def pytest_sessionstart(self, session):
        self.session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self):
        # What is torn down from here on is not interrupted: its time is limited from outside.
        self.is_ending = True

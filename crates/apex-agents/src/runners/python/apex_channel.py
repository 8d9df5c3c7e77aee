"""What Apex's sides of the frameworks of Python have in common: telling, and being told.

Standard library only, Python 3.8 or later. Events go, one JSON line each and flushed at once, to
the place in ``APEX_EVENTS``. The selection is in ``APEX_SELECTION``, the part of its paths that
this program runs in ``APEX_PART_0``, ``APEX_PART_1`` and so on, the ids of a retry in
``APEX_ONLY_0``, ``APEX_ONLY_1`` and so on, all as JSON.
"""

import functools
import json
import os

TEXT_LIMIT = 64 * 1024
FOUND_PER_LINE = 200

# A test may leave the folder; paths are told from here.
HERE = os.getcwd()


def clean(text):
    """Text that JSON and UTF-8 can carry: lone surrogates are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@functools.lru_cache(maxsize=None)
def relative(path):
    """A path from the folder in which the process began."""
    try:
        return os.path.relpath(os.path.join(HERE, str(path)), HERE).replace(os.sep, "/")
    except ValueError:
        return str(path)


def bounded(text):
    """The beginning and the end of a text that is too long."""
    text = clean(text)
    if len(text) <= TEXT_LIMIT:
        return text
    half = TEXT_LIMIT // 2
    return text[:half] + "\n... cut by Apex ...\n" + text[-half:]


class Channel:
    """Writes events; silent in every process but the one that opened it."""

    def __init__(self):
        path = os.environ.get("APEX_EVENTS")
        self.owner = os.getpid()
        self.stream = open(path, "w", encoding="utf-8", newline="\n") if path else None

    def send(self, event, **fields):
        if self.stream is None or os.getpid() != self.owner:
            return
        fields["event"] = event
        try:
            self.stream.write(json.dumps(fields) + "\n")
            self.stream.flush()
        except (OSError, ValueError):
            self.stream = None

    def send_found(self, tests):
        """Names tests, some in a line."""
        for start in range(0, len(tests), FOUND_PER_LINE):
            self.send("found", tests=tests[start : start + FOUND_PER_LINE])


class TestSpans:
    """Tells each test its own span: FNV-1a over the span of the job and the id of the test, as
    Apex computes it. A test that records spans finds its place in ``TRACEPARENT``."""

    def __init__(self):
        parts = os.environ.get("TRACEPARENT", "").split("-")
        self.parts = parts if os.environ.get("APEX_TEST_SPANS") and len(parts) == 4 else None

    def enter(self, test):
        if self.parts is None:
            return
        version, trace, job, flags = self.parts
        value = 0xCBF29CE484222325
        for byte in bytes.fromhex(job) + test.encode("utf-8"):
            value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        os.environ["TRACEPARENT"] = "-".join((version, trace, "%016x" % max(value, 1), flags))

    def leave(self):
        if self.parts is not None:
            os.environ["TRACEPARENT"] = "-".join(self.parts)


def read_selection():
    """What of the tests belongs to this program."""
    return json.loads(os.environ.get("APEX_SELECTION") or "{}")


def numbered(name):
    """The values of variables that end with 0, 1 and so on: one alone has a largest size."""
    values = []
    while name + str(len(values)) in os.environ:
        values.append(os.environ[name + str(len(values))])
    return values


def read_only():
    """The ids of a retry; None when this is none."""
    parts = numbered("APEX_ONLY_")
    return {one for part in parts for one in json.loads(part)} if parts else None


def read_part():
    """What this program runs of a work that is cut; None when it is not."""
    text = "".join(numbered("APEX_PART_"))
    return json.loads(text) if text else None


def of_shard(tests, file_of, shard):
    """The tests whose files belong to a shard, in their order."""
    if shard is None:
        return tests
    number, count = shard
    files = sorted({file_of(test) for test in tests})
    mine = set(files[number - 1 :: count])
    return [test for test in tests if file_of(test) in mine]

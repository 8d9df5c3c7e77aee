#!/usr/bin/env python3
"""Makes broken copies of the suites that `fetch.sh DIR` has set up.

    tests/suites/break.py DIR

For every suite there are three copies in DIR/broken, each with one test more: one that fails,
one that hangs, and one that kills its own process. Its file sorts last, so that everything else
comes before it. Printed is a JSON list: where each copy is, which test has to be named, by how
much the counts of the suite change, and how many of its passed tests are cut.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path

OUTCOMES = {"fail": "failed", "hang": "timed_out", "kill": "errored"}

PYTEST = {
    "fail": "def test_apex_break():\n    assert 1 == 2\n",
    "hang": "import time\n\n\ndef test_apex_break():\n    while True:\n        time.sleep(1)\n",
    "kill": "import os\nimport signal\n\n\ndef test_apex_break():\n"
    "    os.kill(os.getpid(), signal.SIGKILL)\n",
}

UNITTEST_HEAD = "import os\nimport signal\nimport time\nimport unittest\n\n\n"
UNITTEST_TEST = "class ApexBreak(unittest.TestCase):\n    def test_apex_break(self):\n        {}\n"
UNITTEST = {
    variant: UNITTEST_HEAD + UNITTEST_TEST.format(line)
    for variant, line in {
        "fail": "self.assertEqual(1, 2)",
        "hang": "time.sleep(100_000)",
        "kill": "os.kill(os.getpid(), signal.SIGKILL)",
    }.items()
}

CARGO = {
    variant: "#[test]\nfn test_apex_break() {\n    " + line + "\n}\n"
    for variant, line in {
        "fail": "assert_eq!(1, 2);",
        "hang": "std::thread::sleep(std::time::Duration::from_secs(100_000));",
        "kill": "std::process::abort();",
    }.items()
}

NODE_HEAD = (
    "'use strict'\n\nconst assert = require('node:assert')\n"
    "const { test } = require('node:test')\n\n"
)
NODE = {
    variant: NODE_HEAD + "test('test_apex_break', async () => {\n  " + line + "\n})\n"
    for variant, line in {
        "fail": "assert.strictEqual(1, 2)",
        "hang": "await new Promise((resolve) => setTimeout(resolve, 100_000_000))",
        "kill": "process.kill(process.pid, 'SIGKILL')",
    }.items()
}

# Suite: file of the added test, its texts, seconds after which a hanging copy is cut. The limit
# leaves the suite several times what it needs, compiling included.
SUITES = {
    "click": ("tests/test_zz_apex_break.py", PYTEST, 40),
    "more-itertools": ("tests/test_zz_apex_break.py", UNITTEST, 75),
    "bytes": ("tests/zz_apex_break.rs", CARGO, 120),
    "light-my-request": ("test/zz-apex-break.test.js", NODE, 20),
}

# The crate lists its test targets one by one.
CARGO_TARGET = '\n[[test]]\nname = "zz_apex_break"\npath = "tests/zz_apex_break.rs"\n'

LEFT_OUT = shutil.ignore_patterns("target", "node_modules", "__pycache__", ".apex", ".fetched")


def copy_of(source, destination):
    """A fresh copy of a suite; what npm installed is shared by a link."""
    shutil.rmtree(destination, ignore_errors=True)
    shutil.copytree(source, destination, ignore=LEFT_OUT, symlinks=True)
    modules = source / "node_modules"
    if modules.is_dir():
        os.symlink(modules, destination / "node_modules")


def limit_time(layer_file, seconds):
    """Lowers the time limit of the category."""
    text, changes = re.subn(
        r"timeout_seconds: \d+", f"timeout_seconds: {seconds}", layer_file.read_text()
    )
    if changes != 1:
        sys.exit(f"error: {layer_file} has {changes} lines with timeout_seconds, not one")
    layer_file.write_text(text)


def cut(suite, variant):
    """How many passed tests are reported as not run: Cargo runs documentation tests last."""
    return 248 if (suite, variant) == ("bytes", "hang") else 0


def break_suite(folder, suite, variant):
    """Makes one broken copy and says what has to be found in it."""
    file, texts, seconds = SUITES[suite]
    project = folder / "broken" / f"{suite}-{variant}"
    copy_of(folder / suite, project)
    (project / file).write_text(texts[variant])
    if suite == "bytes":
        with (project / "Cargo.toml").open("a") as manifest:
            manifest.write(CARGO_TARGET)
    if variant == "hang":
        limit_time(project / "apex.yaml", seconds)
    return {
        "suite": suite,
        "variant": variant,
        "project": str(project),
        "named": ["test_apex_break"],
        "added": {OUTCOMES[variant]: 1},
        "cut": cut(suite, variant),
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIR")
    folder = Path(sys.argv[1]).resolve()
    missing = [suite for suite in SUITES if not (folder / suite / "apex.yaml").is_file()]
    if missing:
        sys.exit(f"error: not set up in {folder}: {', '.join(missing)}; run fetch.sh first")
    broken = [break_suite(folder, suite, variant) for suite in SUITES for variant in OUTCOMES]
    json.dump(broken, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()

"""Two tests that misbehave on request, to show what Apex makes of them."""

import os
import tempfile
import time
import unittest
from pathlib import Path


class Demonstration(unittest.TestCase):
    @unittest.skipUnless(os.environ.get("SHOP_FLAKY") == "1", "set SHOP_FLAKY=1 to run it")
    def test_that_passes_only_on_its_second_attempt(self):
        # The run id keeps two runs apart, so that each of them sees a first attempt.
        name = f"shop-flaky-{os.environ.get('APEX_RUN_ID', 'no-run')}"
        seen = Path(tempfile.gettempdir()) / name
        if not seen.exists():
            seen.touch()
            self.fail("first attempt: the second one will pass")
        seen.unlink()

    @unittest.skipUnless(os.environ.get("SHOP_SLOW") == "1", "set SHOP_SLOW=1 to run it")
    def test_that_takes_its_time(self):
        time.sleep(float(os.environ.get("SHOP_SLOW_SECONDS", "5")))

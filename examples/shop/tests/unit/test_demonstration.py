"""Two tests that misbehave on request, to show what Apex makes of them."""

import os
import time
import unittest


class Demonstration(unittest.TestCase):
    @unittest.skipUnless(os.environ.get("SHOP_FLAKY") == "1", "set SHOP_FLAKY=1 to run it")
    def test_that_passes_only_on_its_second_attempt(self):
        if os.environ.get("APEX_ATTEMPT", "1") == "1":
            self.fail("first attempt: the second one will pass")

    @unittest.skipUnless(os.environ.get("SHOP_SLOW") == "1", "set SHOP_SLOW=1 to run it")
    def test_that_takes_its_time(self):
        time.sleep(float(os.environ.get("SHOP_SLOW_SECONDS", "5")))

import unittest

import shop


class Imports(unittest.TestCase):
    def test_every_public_name_exists(self):
        for name in shop.__all__:
            self.assertTrue(hasattr(shop, name), name)

    def test_the_catalogue_is_not_empty(self):
        self.assertTrue(shop.PriceList().products())

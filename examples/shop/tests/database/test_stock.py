import tempfile
import unittest
from pathlib import Path

from shop import Stock


class StockTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "stock.sqlite"
        self.stock = Stock(self.path)
        self.addCleanup(self.stock.close)

    def test_deliveries_add_up(self):
        self.stock.deliver("apple", 3)
        self.stock.deliver("apple", 4)
        self.assertEqual(self.stock.quantity("apple"), 7)

    def test_a_product_that_never_came_is_not_there(self):
        self.assertEqual(self.stock.quantity("bread"), 0)
        self.assertFalse(self.stock.take([("bread", 1)]))

    def test_taking_is_all_or_nothing(self):
        self.stock.deliver("apple", 5)
        self.stock.deliver("bread", 1)
        self.assertFalse(self.stock.take([("apple", 5), ("bread", 2)]))
        self.assertEqual(self.stock.quantity("apple"), 5)

    def test_the_last_piece_can_be_taken(self):
        self.stock.deliver("bread", 1)
        self.assertTrue(self.stock.take([("bread", 1)]))
        self.assertEqual(self.stock.quantity("bread"), 0)

    def test_the_stock_survives_a_restart(self):
        self.stock.deliver("cheese", 2)
        self.stock.close()
        again = Stock(self.path)
        self.addCleanup(again.close)
        self.assertEqual(again.quantity("cheese"), 2)

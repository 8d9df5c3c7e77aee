import unittest

from shop import Cart, OrderDesk, OutOfStock, PriceList, Stock


class Ordering(unittest.TestCase):
    def setUp(self):
        self.stock = Stock()
        self.addCleanup(self.stock.close)
        self.stock.deliver("apple", 20)
        self.desk = OrderDesk(self.stock)
        self.cart = Cart(PriceList())

    def test_an_order_takes_its_pieces_from_the_stock(self):
        self.cart.add("apple", 12)
        order = self.desk.place(self.cart)
        self.assertEqual((order.number, order.total), (1, 432))
        self.assertEqual(self.stock.quantity("apple"), 8)

    def test_an_order_that_cannot_be_filled_changes_nothing(self):
        self.cart.add("apple", 21)
        with self.assertRaisesRegex(OutOfStock, "apple"):
            self.desk.place(self.cart)
        self.assertEqual(self.stock.quantity("apple"), 20)
        self.assertEqual(self.desk.orders(), [])

    def test_an_empty_cart_is_no_order(self):
        with self.assertRaises(ValueError):
            self.desk.place(self.cart)

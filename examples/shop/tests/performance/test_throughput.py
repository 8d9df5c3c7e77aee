import unittest

from shop import Cart, PriceList

LINES = 20_000


class Throughput(unittest.TestCase):
    def test_a_very_long_cart_has_the_right_total(self):
        # The speed is judged by the time limit of the category, never by a clock in the test.
        prices = PriceList({f"product {number}": number for number in range(LINES)})
        cart = Cart(prices)
        for number in range(LINES):
            cart.add(f"product {number}", 2)
        self.assertEqual(cart.total(), LINES * (LINES - 1))

import unittest

from tests.http_client import request


class Purchase(unittest.TestCase):
    def test_a_customer_looks_buys_and_finds_the_order_again(self):
        _, products = request("/products")
        status, order = request("/orders", {"bread": 2, "apple": 10})
        self.assertEqual(status, 201)
        self.assertEqual(order["total"], 2 * products["bread"] + 9 * products["apple"])
        _, orders = request("/orders")
        self.assertIn(order, orders)

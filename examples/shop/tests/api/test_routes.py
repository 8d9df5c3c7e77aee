import unittest

from tests.http_client import request


class Routes(unittest.TestCase):
    def test_health_says_ok(self):
        self.assertEqual(request("/health"), (200, {"status": "ok"}))

    def test_products_have_prices(self):
        status, products = request("/products")
        self.assertEqual(status, 200)
        self.assertEqual(products["apple"], 40)

    def test_orders_are_a_list(self):
        status, orders = request("/orders")
        self.assertEqual(status, 200)
        self.assertIsInstance(orders, list)

    def test_an_unknown_path_is_not_found(self):
        self.assertEqual(request("/nowhere")[0], 404)

    def test_an_unknown_product_is_refused(self):
        status, answer = request("/orders", {"caviar": 1})
        self.assertEqual(status, 400)
        self.assertIn("caviar", answer["error"])

    def test_too_large_an_order_is_a_conflict(self):
        self.assertEqual(request("/orders", {"apple": 1_000_000})[0], 409)

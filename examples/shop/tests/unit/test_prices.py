import unittest

from shop import PriceList, UnknownProduct, format_cents


class Prices(unittest.TestCase):
    def setUp(self):
        self.prices = PriceList({"apple": 40, "bread": 255})

    def test_a_product_has_its_price(self):
        self.assertEqual(self.prices.price("apple"), 40)

    def test_an_unknown_product_is_refused_by_name(self):
        with self.assertRaisesRegex(UnknownProduct, "caviar"):
            self.prices.price("caviar")

    def test_nine_pieces_cost_nine_times_the_price(self):
        self.assertEqual(self.prices.line_total("apple", 9), 360)

    def test_ten_pieces_are_ten_percent_cheaper(self):
        self.assertEqual(self.prices.line_total("apple", 10), 360)

    def test_a_discount_is_rounded_down(self):
        self.assertEqual(self.prices.line_total("bread", 11), 2524)

    def test_a_negative_quantity_is_refused(self):
        with self.assertRaises(ValueError):
            self.prices.line_total("apple", -1)

    def test_amounts_are_written_with_two_places(self):
        for cents, text in [(0, "0.00"), (5, "0.05"), (1234, "12.34"), (-70, "-0.70")]:
            with self.subTest(cents=cents):
                self.assertEqual(format_cents(cents), text)

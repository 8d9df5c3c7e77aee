import unittest

from shop import Cart, PriceList, UnknownProduct


class CartTest(unittest.TestCase):
    def setUp(self):
        self.cart = Cart(PriceList({"apple": 40, "bread": 250}))

    def test_a_new_cart_is_empty(self):
        self.assertEqual((len(self.cart), self.cart.total()), (0, 0))

    def test_quantities_of_the_same_product_add_up(self):
        self.cart.add("apple", 2)
        self.cart.add("apple")
        self.assertEqual(self.cart.items(), [("apple", 3)])

    def test_the_total_is_the_sum_of_the_lines(self):
        self.cart.add("apple", 10)
        self.cart.add("bread")
        self.assertEqual(self.cart.total(), 610)

    def test_a_removed_product_costs_nothing(self):
        self.cart.add("bread")
        self.cart.remove("bread")
        self.cart.remove("bread")
        self.assertEqual(self.cart.total(), 0)

    def test_an_unknown_product_does_not_get_in(self):
        with self.assertRaises(UnknownProduct):
            self.cart.add("caviar")
        self.assertEqual(len(self.cart), 0)

    def test_nothing_cannot_be_added(self):
        with self.assertRaises(ValueError):
            self.cart.add("apple", 0)

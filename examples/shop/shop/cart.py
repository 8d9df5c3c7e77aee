"""What a customer is about to buy."""


class Cart:
    """Quantities of products, in the order in which they were first added."""

    def __init__(self, prices):
        self._prices = prices
        self._quantities = {}

    def add(self, product, quantity=1):
        """Puts pieces of a product into the cart; an unknown product is refused."""
        if quantity < 1:
            raise ValueError(f"quantity must be at least 1: {quantity}")
        self._prices.price(product)
        self._quantities[product] = self._quantities.get(product, 0) + quantity

    def remove(self, product):
        """Takes a product out altogether; one that is not there changes nothing."""
        self._quantities.pop(product, None)

    def items(self):
        """Pairs of product and quantity."""
        return list(self._quantities.items())

    def total(self):
        """The price of everything, in cents."""
        return sum(self._prices.line_total(*item) for item in self.items())

    def __len__(self):
        return sum(self._quantities.values())

"""What things cost. All amounts are whole cents, so that nothing is ever rounded twice."""

CATALOGUE = {"apple": 40, "bread": 250, "cheese": 620, "olive oil": 1190}


class UnknownProduct(KeyError):
    """A product that the shop does not sell."""


class PriceList:
    """Prices of products, with a discount on larger quantities."""

    def __init__(self, prices=None):
        self._prices = dict(CATALOGUE if prices is None else prices)

    def products(self):
        """The names of the products, in alphabetical order."""
        return sorted(self._prices)

    def price(self, product):
        """The price of one piece."""
        try:
            return self._prices[product]
        except KeyError:
            raise UnknownProduct(product) from None

    def line_total(self, product, quantity):
        """The price of a quantity: from ten pieces on, 10 % off, rounded down to a cent."""
        if quantity < 0:
            raise ValueError(f"quantity must not be negative: {quantity}")
        total = self.price(product) * quantity
        return total * 90 // 100 if quantity >= 10 else total


def format_cents(cents):
    """An amount as people write it: 1234 is `12.34`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"

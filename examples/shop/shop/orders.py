"""From a cart to an order."""

from dataclasses import dataclass


class OutOfStock(Exception):
    """The stock does not hold what a cart asks for."""


@dataclass(frozen=True)
class Order:
    """What was bought, and for how many cents."""

    number: int
    items: tuple
    total: int


class OrderDesk:
    """Turns carts into numbered orders, and takes what they hold from the stock."""

    def __init__(self, stock):
        self._stock = stock
        self._orders = []

    def place(self, cart):
        """Makes an order of a cart; an order that cannot be filled changes nothing."""
        items = tuple(cart.items())
        if not items:
            raise ValueError("an empty cart cannot be ordered")
        if not self._stock.take(items):
            raise OutOfStock(", ".join(product for product, _ in items))
        order = Order(number=len(self._orders) + 1, items=items, total=cart.total())
        self._orders.append(order)
        return order

    def orders(self):
        """All orders, oldest first."""
        return list(self._orders)

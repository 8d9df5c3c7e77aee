"""A tiny shop: prices, a cart, a stock and orders. Amounts are whole cents."""

from shop.cart import Cart
from shop.orders import OrderDesk, OutOfStock
from shop.prices import PriceList, UnknownProduct, format_cents
from shop.stock import Stock

__all__ = [
    "Cart",
    "OrderDesk",
    "OutOfStock",
    "PriceList",
    "Stock",
    "UnknownProduct",
    "format_cents",
]

"""How many pieces are left, kept in an SQLite database."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS stock (
    product TEXT PRIMARY KEY,
    quantity INTEGER NOT NULL CHECK (quantity >= 0)
)
"""


class Stock:
    """The stock of one shop. `path` is a file, or `:memory:`."""

    def __init__(self, path=":memory:"):
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute(SCHEMA)
        self._database.commit()

    def close(self):
        """Closes the database; the stock cannot be used afterwards."""
        self._database.close()

    def deliver(self, product, quantity):
        """Adds pieces of a product."""
        with self._database:
            self._database.execute(
                "INSERT INTO stock VALUES (?, ?) "
                "ON CONFLICT (product) DO UPDATE SET quantity = quantity + excluded.quantity",
                (product, quantity),
            )

    def quantity(self, product):
        """The pieces left of a product, 0 when it was never delivered."""
        row = self._database.execute(
            "SELECT quantity FROM stock WHERE product = ?", (product,)
        ).fetchone()
        return row[0] if row else 0

    def take(self, items):
        """Takes all of the items or none of them; says whether it did."""
        try:
            with self._database:
                for product, quantity in items:
                    changed = self._database.execute(
                        "UPDATE stock SET quantity = quantity - ? WHERE product = ?",
                        (quantity, product),
                    )
                    if changed.rowcount == 0:
                        raise sqlite3.IntegrityError(f"never delivered: {product}")
        except sqlite3.IntegrityError:
            return False
        return True

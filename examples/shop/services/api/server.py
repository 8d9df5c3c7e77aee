"""The shop as a small HTTP service: GET /health, GET /products, GET and POST /orders."""

import argparse
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from shop import Cart, OrderDesk, OutOfStock, PriceList, Stock, UnknownProduct  # noqa: E402

PRICES = PriceList()
STOCK = Stock()
DESK = OrderDesk(STOCK)
ONE_AT_A_TIME = threading.Lock()
LARGEST_BODY = 64 * 1024


def describe(order):
    return {"number": order.number, "items": dict(order.items), "total": order.total}


class Handler(BaseHTTPRequestHandler):
    """Answers in JSON."""

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, {"status": "ok"})
        elif self.path == "/products":
            self.answer(200, {name: PRICES.price(name) for name in PRICES.products()})
        elif self.path == "/orders":
            with ONE_AT_A_TIME:
                self.answer(200, [describe(order) for order in DESK.orders()])
        else:
            self.answer(404, {"error": f"nothing at {self.path}"})

    def do_POST(self):
        if self.path != "/orders":
            self.answer(404, {"error": f"nothing at {self.path}"})
            return
        try:
            with ONE_AT_A_TIME:
                self.answer(201, describe(self.place_order()))
        except OutOfStock as problem:
            self.answer(409, {"error": f"not enough in stock: {problem}"})
        except UnknownProduct as problem:
            self.answer(400, {"error": f"unknown product: {problem.args[0]}"})
        except (AttributeError, TypeError, ValueError) as problem:
            self.answer(400, {"error": str(problem)})

    def place_order(self):
        length = int(self.headers.get("Content-Length", 0))
        if not 0 <= length <= LARGEST_BODY:
            raise ValueError(f"body must have at most {LARGEST_BODY} bytes")
        cart = Cart(PRICES)
        for product, quantity in json.loads(self.rfile.read(length)).items():
            cart.add(product, quantity)
        return DESK.place(cart)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on, 0 for a free one")
    arguments = parser.parse_args()
    for product in PRICES.products():
        STOCK.deliver(product, 100)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

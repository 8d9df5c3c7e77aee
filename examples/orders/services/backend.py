"""A web backend: orders are kept in PostgreSQL and counted in Redis."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
import redis

DATABASE = os.environ["DATABASE_URL"]
COUNTER = redis.Redis.from_url(os.environ["REDIS_URL"])


class Orders(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "up"})
        with psycopg.connect(DATABASE) as database:
            rows = database.execute("SELECT item, quantity FROM orders ORDER BY id").fetchall()
        self.answer(200, {"orders": rows, "count": int(COUNTER.get("orders") or 0)})

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            with psycopg.connect(DATABASE) as database:
                database.execute(
                    "INSERT INTO orders (item, quantity) VALUES (%s, %s)",
                    (order["item"], order["quantity"]),
                )
        except psycopg.errors.CheckViolation:
            return self.answer(422, {"error": "the quantity has to be positive"})
        self.answer(201, {"count": COUNTER.incr("orders")})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Orders).serve_forever()

"""Orders, through the backend and behind it."""

import json
import os
import urllib.error
import urllib.request

import psycopg
import redis

BACKEND = os.environ["BACKEND_URL"]


def order(item, quantity):
    body = json.dumps({"item": item, "quantity": quantity}).encode()
    request = urllib.request.Request(BACKEND + "/orders", data=body, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.load(answer)


def test_an_order_is_kept_and_counted():
    status, answer = order("tea", 2)
    assert status == 201
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        found = database.execute("SELECT quantity FROM orders WHERE item = 'tea'").fetchall()
    assert found == [(2,)]
    assert int(redis.Redis.from_url(os.environ["REDIS_URL"]).get("orders")) == answer["count"]


def test_orders_are_listed():
    order("coffee", 1)
    with urllib.request.urlopen(BACKEND + "/orders") as answer:
        listed = json.load(answer)
    assert ["coffee", 1] in listed["orders"]


def test_an_order_of_nothing_is_refused():
    try:
        order("air", 0)
    except urllib.error.HTTPError as error:
        assert error.code == 422
    else:
        raise AssertionError("it was taken")


def test_the_database_has_the_table_of_the_migration():
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        columns = database.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'"
        ).fetchall()
    assert {name for (name,) in columns} == {"id", "item", "quantity"}

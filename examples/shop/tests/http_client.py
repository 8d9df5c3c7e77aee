"""A client for the shop's service, whose address Apex hands over as BACKEND_URL."""

import json
import os
import unittest
import urllib.error
import urllib.request

SECONDS = 10


def base_url():
    """The address of the service; a test without one is skipped and says why."""
    url = os.environ.get("BACKEND_URL")
    if not url:
        raise unittest.SkipTest("BACKEND_URL is not set: start services/api/server.py first")
    return url.rstrip("/")


def request(path, order=None):
    """Status and JSON value of one request; with an order it is a POST."""
    body = None if order is None else json.dumps(order).encode()
    try:
        with urllib.request.urlopen(base_url() + path, data=body, timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)

"""
A small shop: its stock is at /, and it serves until it is told to stop. It knows nothing of db-entry:
it finds its database in DATABASE_URL, with every table that it needs.
"""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


def connect(url):
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        import sqlite3

        return sqlite3.connect(parts.path)
    if parts.scheme == "postgresql":
        import psycopg2

        return psycopg2.connect(url)
    import pymysql

    return pymysql.connect(
        host=parts.hostname, port=parts.port or 3306, user=parts.username,
        password=unquote(parts.password or ""), database=parts.path[1:],
    )


def stock():
    connection = connect(os.environ["DATABASE_URL"])
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT name, price_cents, stock FROM products ORDER BY name")
        return cursor.fetchall()
    finally:
        connection.close()


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        lines = [f"{name:24} {cents / 100:8.2f} {count:5}\n" for name, cents, count in stock()]
        body = "".join(lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    # As process 1 a program has to ask for SIGTERM, or `docker stop` waits ten seconds and kills it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"shop: {len(stock())} products, at port 8000", flush=True)
    ThreadingHTTPServer(("", 8000), Page).serve_forever()


main()

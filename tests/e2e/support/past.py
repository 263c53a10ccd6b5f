"""What an earlier image left: tables with rows of every kind, and how a refusal is read."""

import re

BASE = """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        phone TEXT,
        note TEXT
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        user_id INTEGER,
        status TEXT
    );
    CREATE TABLE tags (name TEXT PRIMARY KEY, weight INTEGER) WITHOUT ROWID;
    CREATE TABLE prices (id INTEGER PRIMARY KEY, net INTEGER, gross INTEGER AS (net * 2) STORED);
    CREATE TABLE blank (id INTEGER PRIMARY KEY, a TEXT);
    CREATE TABLE picky (id INTEGER PRIMARY KEY, a TEXT UNIQUE ON CONFLICT REPLACE);
    CREATE VIEW people AS SELECT name FROM tags;
    CREATE VIRTUAL TABLE docs USING fts5(body);
    CREATE VIRTUAL TABLE terms USING fts5(body, content='');
    CREATE VIRTUAL TABLE old_terms USING fts4(content='', body);
    CREATE TABLE sizes (id INTEGER PRIMARY KEY, size REAL, label TEXT);
    CREATE TABLE versions (id INTEGER PRIMARY KEY, v TEXT);
    CREATE TABLE twin (id INTEGER PRIMARY KEY, user_id INTEGER, status TEXT);
    INSERT INTO users VALUES
        (1, 'ada@x', '1', NULL), (2, 'bo@x', NULL, NULL), (3, 'cy@x', '3', NULL);
    INSERT INTO orders VALUES (1, 1, 'new'), (2, 1, 'old'), (3, 3, 'new');
    INSERT INTO tags VALUES ('a', 1), ('b', 2);
    INSERT INTO prices (id, net) VALUES (1, 10), (2, 20);
    INSERT INTO picky VALUES (1, 'x');
    INSERT INTO docs (rowid, body) VALUES (1, 'one'), (5, 'two');
    INSERT INTO terms (rowid, body) VALUES (1, 'one and two'), (2, 'three');
    INSERT INTO old_terms (docid, body) VALUES (1, 'one');
    INSERT INTO sizes VALUES (1, 1, '1.0'), (2, 2.5, '2.5'), (3, 0.1, 'x'), (4, -3, '7');
    INSERT INTO versions VALUES (1, '1.0'), (2, '2.5'), (3, '-7'), (4, '2.5');
    INSERT INTO twin SELECT id, user_id, status FROM orders;
"""


def token_of(result):
    found = re.search(r"\b\d+@[0-9a-f]{12}\b", result.stderr)
    assert found, result
    return found.group()

"""A project to roll back: three migrations with down parts, and one outside a transaction."""

import re

import pytest

USERS = """
    -- migrate:up
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    -- migrate:down
    DROP TABLE users;
"""
PHONE = "ALTER TABLE users ADD COLUMN phone TEXT;"
PHONE_DOWN = "ALTER TABLE users DROP COLUMN phone;"
NOTES = """
    -- migrate:up
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    CREATE INDEX notes_by_text ON notes (text);
    -- migrate:down
    DROP INDEX notes_by_text;
    DROP TABLE notes;
"""
STEPWISE_DOWN = """
    -- migrate:up
    CREATE TABLE first (a);
    CREATE TABLE second (a);
    CREATE TABLE third (a);
    -- migrate:down
    -- db-entry: no-transaction
    DROP TABLE third;
    DROP TABLE second;
    DROP TABLE first;
"""


@pytest.fixture
def site(project):
    """Three migrations, applied; users has a row with a phone."""
    project.migration("0001_users", USERS)
    project.migration("0002_phone.up", PHONE)
    project.migration("0002_phone.down", PHONE_DOWN)
    project.migration("0003_notes", NOTES)
    project.ok("apply")
    project.sql("INSERT INTO users VALUES (1, 'Ada', '555')")
    return project


def remove_files(project):
    for path in (project.folder / "db/migrations").glob("*.sql"):
        path.unlink()


def token_of(result):
    return re.search(r"^ +([0-9]+@\S+)$", result.stderr, re.M).group(1)

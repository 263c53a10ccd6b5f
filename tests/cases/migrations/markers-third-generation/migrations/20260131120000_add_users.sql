-- Migration: add_users
-- db-entry: work-item=SHOP-7

-- === FORWARD MIGRATION ===
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- === ROLLBACK (optional, for reference) ===
-- DROP TABLE users;

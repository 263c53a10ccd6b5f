-- SQLite can't add a CHECK to a table that exists, so orders is made anew. With foreign keys on,
-- DROP TABLE would delete every line of every order; they are off while this runs.
PRAGMA foreign_keys = OFF;

CREATE TABLE orders_new (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'paid', 'sent', 'cancelled')),
    ordered_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO orders_new (id, customer_id, status, ordered_at)
    SELECT id, customer_id, status, ordered_at FROM orders;
DROP TABLE orders;
ALTER TABLE orders_new RENAME TO orders;
CREATE INDEX orders_customer ON orders (customer_id, ordered_at);

PRAGMA foreign_keys = ON;

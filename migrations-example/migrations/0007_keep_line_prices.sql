-- migrate:up
-- What was paid must not change when the product's price does.
ALTER TABLE order_lines ADD COLUMN price_cents INTEGER;

UPDATE order_lines
SET price_cents = (SELECT p.price_cents FROM products p WHERE p.id = order_lines.product_id)
WHERE price_cents IS NULL;

CREATE VIEW order_totals AS
SELECT o.id AS order_id, c.name AS customer, o.status, o.ordered_at,
    SUM(l.quantity) AS items, SUM(l.quantity * l.price_cents) AS total_cents
FROM orders o
JOIN customers c ON c.id = o.customer_id
JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id;

-- migrate:down
DROP VIEW order_totals;
ALTER TABLE order_lines DROP COLUMN price_cents;

-- migrate:up
ALTER TABLE products ADD COLUMN stock int unsigned NOT NULL DEFAULT 0;
UPDATE products SET stock = 10 * id WHERE stock = 0;

-- migrate:down
ALTER TABLE products DROP COLUMN stock;

INSERT INTO products (id, name, price_cents) VALUES
    (1, 'Green tea, 100 g', 790),
    (2, 'Black tea, 250 g', 1250),
    (3, 'Glass teapot, 1 l', 3400);

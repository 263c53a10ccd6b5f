INSERT INTO products (name, price_cents) VALUES
    ('Green tea, 100 g', 790),
    ('Black tea, 250 g', 1250),
    ('Glass teapot, 1 l', 3400);

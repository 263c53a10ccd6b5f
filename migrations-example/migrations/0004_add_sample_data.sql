INSERT INTO customers (id, email, name, phone, created_at) VALUES
    (1, 'ada@example.org', 'Ada Lindqvist', '+46 8 555 0101', '2026-01-12 09:14:00'),
    (2, 'bo@example.org', 'Bo Tanaka', NULL, '2026-01-15 17:40:00'),
    (3, 'carla@example.org', 'Carla O''Neill; Sons', '+353 1 555 0102', '2026-02-03 11:05:00'),
    (4, 'dmitri@example.org', 'Dmitri Weber', '+49 30 555 0103', '2026-02-20 08:30:00');

INSERT INTO products (id, sku, name, price_cents, stock) VALUES
    (1, 'TEA-GRN-100', 'Green tea, 100 g', 790, 42),
    (2, 'TEA-BLK-250', 'Black tea, 250 g', 1250, 18),
    (3, 'POT-GLS-1L', 'Glass teapot, 1 l', 3400, 7),
    (4, 'CUP-SET-4', 'Set of four cups', 2200, 12),
    (5, 'TIN-SML', 'Tea tin, small', 480, 0);

INSERT INTO orders (id, customer_id, status, ordered_at) VALUES
    (1, 1, 'sent', '2026-02-01 10:00:00'),
    (2, 3, 'sent', '2026-02-04 15:20:00'),
    (3, 1, 'paid', '2026-03-02 12:45:00'),
    (4, 4, 'new', '2026-03-05 19:10:00'),
    (5, 2, 'cancelled', '2026-03-05 20:02:00');

INSERT INTO order_lines (order_id, product_id, quantity) VALUES
    (1, 1, 2), (1, 5, 1), (2, 3, 1), (2, 4, 1), (3, 2, 1), (4, 1, 1), (4, 2, 2), (5, 4, 1);

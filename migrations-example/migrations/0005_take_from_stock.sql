-- migrate:up
-- The CHECK on products.stock refuses an order for more than there is.
CREATE TRIGGER order_lines_take_from_stock AFTER INSERT ON order_lines
BEGIN
    UPDATE products SET stock = stock - NEW.quantity WHERE id = NEW.product_id;
END;

-- A cancelled order keeps its lines; only a deleted one gives back what was never sent.
CREATE TRIGGER order_lines_return_to_stock AFTER DELETE ON order_lines
BEGIN
    UPDATE products SET stock = stock + OLD.quantity WHERE id = OLD.product_id;
END;

-- migrate:down
DROP TRIGGER order_lines_return_to_stock;
DROP TRIGGER order_lines_take_from_stock;

-- migrate:up
CREATE TABLE products (
    id int AUTO_INCREMENT PRIMARY KEY,
    name varchar(100) NOT NULL UNIQUE,
    price_cents int unsigned NOT NULL
);

-- migrate:down
DROP TABLE products;

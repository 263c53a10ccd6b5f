-- migrate:up transaktion:false
CREATE TABLE users (id INTEGER PRIMARY KEY);

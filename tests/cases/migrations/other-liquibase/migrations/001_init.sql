--liquibase formatted sql

--changeset me:1
CREATE TABLE users (id INTEGER PRIMARY KEY);

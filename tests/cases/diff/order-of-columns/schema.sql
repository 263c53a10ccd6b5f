CREATE TABLE a (x, y, z, n);

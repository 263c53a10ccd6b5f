USE other;
CREATE TABLE a (b INT);

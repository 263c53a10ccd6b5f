CREATE TABLE "A" ("B c" decimal(10,2) DEFAULT (1+2) CHECK ("B c">0), d TEXT DEFAULT 'it''s');
CREATE INDEX i ON "A" ("B c" ASC, lower(d));

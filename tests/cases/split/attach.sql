SELECT 1; aTTach /* hidden */ DATABASE 'other.db' AS other;
INSERT INTO other.t SELECT * FROM t;
DETACH other;

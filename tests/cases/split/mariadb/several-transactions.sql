SET autocommit = 0;
INSERT INTO a VALUES (1);
COMMIT;
BEGIN WORK;
INSERT INTO a VALUES (2);
COMMIT WORK;
SET @@session.autocommit = 1;

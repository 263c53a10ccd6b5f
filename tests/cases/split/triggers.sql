-- Bodies hold semicolons; END also ends CASE and names columns.
CREATE TABLE "begin" (id INTEGER PRIMARY KEY, begin TEXT, "end" TEXT, [case] INT);

CREATE TRIGGER IF NOT EXISTS "trigger; END;" AFTER INSERT ON "begin"
WHEN new.begin IS NOT NULL
BEGIN
    UPDATE "begin" SET "end" = CASE
        WHEN new.[case] > 1 THEN CASE new.begin WHEN 'END;' THEN 'a' ELSE 'b' END
        ELSE end
    END WHERE id = new.id; -- END;
    /* END; */
    INSERT INTO log VALUES (CASE 1 WHEN 1 THEN end END);
END;

create temp trigger begin before update of begin on end begin select 1; select 2; end;

EXPLAIN CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN DELETE FROM t; END;

CREATE VIEW v AS SELECT CASE WHEN a THEN 'x' ELSE 'y' END AS end FROM t;
CREATE TRIGGER last AFTER DELETE ON t BEGIN
    SELECT RAISE(ABORT, 'no; END;');
END

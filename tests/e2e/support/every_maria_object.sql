-- A database with every kind of object, and every type of column at its extremes. What only some
-- servers know stands in comments that only they read.
SET NAMES utf8mb4;
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks = 0;
SET time_zone = '+00:00';

-- Types

CREATE TABLE numbers (
    id int NOT NULL PRIMARY KEY, t tinyint, tu tinyint unsigned, s smallint, m mediumint,
    mu mediumint unsigned zerofill, i int, iu int unsigned, b bigint, bu bigint unsigned,
    d decimal(65,30), d0 decimal(65,0), dz decimal(10,2) unsigned zerofill, f float, fm float(7,3),
    do double, dm double(20,5), y year, bl boolean
);
INSERT INTO numbers VALUES
    (0, -128, 0, -32768, -8388608, 0, -2147483648, 0, -9223372036854775808, 0,
     -99999999999999999999999999999999999.999999999999999999999999999999,
     -99999999999999999999999999999999999999999999999999999999999999999, 0, -3.402823466e38, -1234.567,
     -1.7976931348623157e308, -12345.12345, 0, FALSE),
    (1, 127, 255, 32767, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807,
     18446744073709551615, 99999999999999999999999999999999999.999999999999999999999999999999,
     99999999999999999999999999999999999999999999999999999999999999999, 99999999.99, 3.402823466e38, 9999.999,
     1.7976931348623157e308, 12345.12345, 2155, TRUE),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL),
    (3, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0.000000000000000000000000000001, 1, 1.5, 1.17549435e-38, 0.001,
     2.2250738585072014e-308, 0.00001, 1901, 2),
    (4, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0, 1, 1.5, 0.1, 1.001, 0.1, 0.1, 1970, 1),
    (5, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0, 1, 1.5, 16777217, 1.001, 0.30000000000000004, 1e14, 2000, 1),
    (6, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0, 1, 1.5, 1.2345678, 1.001, 123456789.123456789, 3, 2000, 1),
    (7, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0, 1, 1.5, -0.0, 0, -0.0, 3, 2000, 1),
    (8, 0, 1, 1, 1, 42, 1, 1, 1, 1, 0, 1, 1.5, 1e-45, 0, 4.9406564584124654e-324, 3, 2000, 1);

CREATE TABLE times (
    id int NOT NULL PRIMARY KEY, d date, t time, t6 time(6), dt datetime, dt6 datetime(6),
    ts timestamp NULL, ts6 timestamp(6) NULL, now_ts timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()
);
INSERT INTO times VALUES
    (1, '0000-00-00', '-838:59:59', '-838:59:59.000000', '0000-00-00 00:00:00',
     '0000-00-00 00:00:00.000000', '0000-00-00 00:00:00', '0000-00-00 00:00:00.000000', '2020-03-29 01:30:00'),
    (2, '9999-12-31', '838:59:59', '838:59:59.999999', '9999-12-31 23:59:59',
     '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '2038-01-19 03:14:07.999999', '2020-10-25 02:30:00'),
    (3, '2021-02-31', '-00:00:01', '-00:00:00.000001', '2021-02-31 12:00:00',
     '2021-00-00 00:00:00.100000', '1970-01-01 00:00:01', '1970-01-01 00:00:01.000001', '2020-10-25 01:30:00'),
    (4, '2021-00-10', '00:00:00', '00:00:00', '1000-01-01 00:00:00', NULL, NULL, NULL, '2020-06-01 00:00:00');

CREATE TABLE texts (
    id int NOT NULL PRIMARY KEY, c char(10), v varchar(300), tt tinytext, x text, mt mediumtext, lt longtext,
    asc_ varchar(20) CHARACTER SET ascii, l1 varchar(300) CHARACTER SET latin1,
    u3 varchar(20) CHARACTER SET utf8, u2 varchar(20) CHARACTER SET ucs2,
    u16 varchar(20) CHARACTER SET utf16, u32 varchar(20) CHARACTER SET utf32,
    sj varchar(20) CHARACTER SET sjis, cp varchar(20) CHARACTER SET cp932, gb varchar(20) CHARACTER SET gbk,
    b5 varchar(20) CHARACTER SET big5, koi varchar(20) CHARACTER SET koi8r, bin varchar(20) COLLATE utf8mb4_bin
) CHARACTER SET utf8mb4;
INSERT INTO texts (id, c, v, tt, x, mt, lt, asc_, l1, u3, u2, u16, u32, sj, cp, gb, b5, koi, bin) VALUES
    (1, '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', '', ''),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 'a''b"c`d\\', '\0\b\t\n\r\Z\\%\_\'";--', '😀', 'NULL', '\\N', '\\\\''\\', 'a\'', 'äöüß€', 'äß', 'ä€漢',
     '😀漢', '😀漢', '表ソ', '表①', '漢字', '許功蓋', 'Привет', 'x'),
    (4, 'trail  ', 'trail  ', ' lead', '🏳️‍🌈é', '-- x', '/* x */', '#', ';', '(', ')', ',', '\'', '\\', '0x00', 'x', 'y', 'z', '');
INSERT INTO texts (id, l1) SELECT 5, GROUP_CONCAT(CHAR(n USING latin1) ORDER BY n SEPARATOR '')
    FROM (SELECT a.d * 16 + b.d AS n FROM
        (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
         UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) a,
        (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
         UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) b) x;
INSERT INTO texts (id, lt) VALUES (6, REPEAT('0123456789\'\\\n', 200000));

CREATE TABLE bytes (
    id int NOT NULL PRIMARY KEY, b binary(4), vb varbinary(300), tb tinyblob, bl blob, mb mediumblob, lb longblob,
    b1 bit(1), b7 bit(7), b64 bit(64), bd binary(2) DEFAULT 'a\0', e enum('a','b''c','d"e','f\\g','') CHARACTER SET utf8mb4,
    e2 enum('x','y') CHARACTER SET latin1, e3 enum('ä','ß') CHARACTER SET ucs2, s set('a','b''c','d\\e'), js json
);
INSERT INTO bytes VALUES
    (1, '', '', '', '', '', '', 0, 0, 0, 'zz', '', 'x', 'ä', '', '{"a": [1, "\\u00e4", null]}'),
    (2, x'00ff0a27', x'5c', x'00', x'0d0a1a', x'27', x'ffffffff', 1, 127, ~0, x'0001', 'b''c', 'y', 'ß', 'a,b''c,d\\e', '[]'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'abcd', 'x', 'x', 'x', 'x', REPEAT(x'00ff27', 500000), 1, 1, 1, 'x', 0, 0, 'ä', 'd\\e', '"x"');

CREATE TABLE places (
    id int NOT NULL PRIMARY KEY, g geometry, p point NOT NULL, l linestring, pg polygon, mp multipoint,
    ml multilinestring, mpg multipolygon, gc geometrycollection, SPATIAL KEY p (p)
);
INSERT INTO places VALUES
    (1, ST_GeomFromText('POINT(1 2)', 4326), ST_GeomFromText('POINT(-1.5 1e300)'), ST_GeomFromText('LINESTRING(0 0,1 1)'),
     ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 0),(1 1,2 1,2 2,1 1))'), ST_GeomFromText('MULTIPOINT(1 1,2 2)'),
     ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'),
     ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')),
    (2, NULL, ST_GeomFromText('POINT(0 0)', 4326), NULL, NULL, NULL, NULL, NULL, NULL);

/*M!100501 CREATE TABLE nets (a inet6) */;
/*M!100501 INSERT INTO nets VALUES ('::1'), (NULL), ('ffff::ffff'), ('::') */;
/*M!101000 CREATE TABLE nets4 (a inet4, b inet4 DEFAULT '127.0.0.1') */;
/*M!101000 INSERT INTO nets4 VALUES ('0.0.0.0', '255.255.255.255'), (NULL, NULL) */;
/*M!100700 CREATE TABLE uuids (a uuid DEFAULT uuid(), b uuid) */;
/*M!100700 INSERT INTO uuids VALUES ('123e4567-e89b-12d3-a456-426655440000', NULL) */;
/*M!110701 CREATE TABLE vectors (id int PRIMARY KEY, v vector(3) NOT NULL, VECTOR INDEX (v)) */;
/*M!110701 INSERT INTO vectors VALUES (1, x'0000803f0000004000004040'), (2, x'000000000000000000000000') */;

-- Tables

CREATE TABLE parent (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(20), UNIQUE KEY n (name))
    ENGINE = InnoDB AUTO_INCREMENT = 100 COMMENT = 'it''s; "quoted" \\ and\nbroken';
INSERT INTO parent VALUES (0, 'zero'), (-5, 'minus'), (7, 'seven'), (99, NULL), (98, NULL);
CREATE TABLE child (
    id int NOT NULL PRIMARY KEY, parent int, other int, CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parent (id)
        ON DELETE SET NULL ON UPDATE CASCADE, FOREIGN KEY (other) REFERENCES child (id), CONSTRAINT positive CHECK (id > 0)
);
INSERT INTO child VALUES (1, 0, 2), (2, 4711, 1), (3, NULL, NULL);
CREATE TABLE a_first (id int NOT NULL PRIMARY KEY, FOREIGN KEY (id) REFERENCES z_last (id));
CREATE TABLE z_last (id int NOT NULL PRIMARY KEY, FOREIGN KEY (id) REFERENCES a_first (id));
CREATE TABLE derived (
    a int, v int GENERATED ALWAYS AS (a + 1) VIRTUAL, s varchar(30) GENERATED ALWAYS AS (concat('x;', a, '\'')) STORED,
    b varchar(20) DEFAULT (concat('a', 'b;')), /*M!100303 hidden int INVISIBLE DEFAULT 5, */ KEY (v), KEY (s)
);
INSERT INTO derived (a) VALUES (1), (NULL), (-3);
/*M!100303 INSERT INTO derived (a, hidden) VALUES (9, 77) */;
CREATE TABLE only_derived (v int GENERATED ALWAYS AS (1) VIRTUAL);
INSERT INTO only_derived VALUES (), (), ();
CREATE TABLE `odd ``name``
;-- x` (`a``b` int, `c d` int, `"e"` varchar(10) DEFAULT '`;', `é漢` int, `select` int, `new
line` int, KEY `k;` (`a``b`));
INSERT INTO `odd ``name``
;-- x` VALUES (1, 2, '3;', 4, 5, 6), (NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE empty_table (a int);
CREATE TABLE parts (id int NOT NULL, d date NOT NULL, PRIMARY KEY (id, d))
    PARTITION BY RANGE (to_days(d)) (PARTITION p0 VALUES LESS THAN (737425) COMMENT = 'it''s', PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '2018-01-01'), (2, '2024-01-01');
CREATE TABLE hashed (id int NOT NULL PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3;
INSERT INTO hashed VALUES (1), (2), (3), (4);
CREATE TABLE sparse (a int, t text, KEY (t(5)), FULLTEXT KEY ft (t)) ENGINE = InnoDB ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
INSERT INTO sparse VALUES (1, 'some words');
CREATE TABLE my_isam (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, t text, FULLTEXT KEY (t)) ENGINE = MyISAM;
INSERT INTO my_isam (t) VALUES ('one'), (NULL), ('three');
CREATE TABLE my_isam_2 LIKE my_isam;
INSERT INTO my_isam_2 (t) VALUES ('four');
CREATE TABLE in_memory (id int, v varchar(10)) ENGINE = MEMORY;
INSERT INTO in_memory VALUES (1, 'gone soon');
CREATE TABLE as_csv (id int NOT NULL, v varchar(10) NOT NULL) ENGINE = CSV;
INSERT INTO as_csv VALUES (1, 'a,b"c');
CREATE TABLE merged (id int NOT NULL AUTO_INCREMENT, t text, KEY (id)) ENGINE = MRG_MyISAM UNION = (my_isam, my_isam_2);
DROP TABLE merged;
CREATE TABLE merge_1 (id int NOT NULL, KEY (id)) ENGINE = MyISAM;
CREATE TABLE merge_2 (id int NOT NULL, KEY (id)) ENGINE = MyISAM;
CREATE TABLE a_merge (id int NOT NULL, KEY (id)) ENGINE = MRG_MyISAM UNION = (merge_1, merge_2) INSERT_METHOD = LAST;
INSERT INTO merge_1 VALUES (1), (2);
INSERT INTO merge_2 VALUES (3);
/*M!100303 CREATE TABLE in_aria (id int, t text) ENGINE = Aria TRANSACTIONAL = 1 */;
/*M!100303 INSERT INTO in_aria VALUES (1, 'x') */;
/*M!100303 CREATE TABLE squeezed (id int, t text COMPRESSED) */;
/*M!100303 INSERT INTO squeezed VALUES (1, repeat('x', 1000)) */;
/*M!100500 CREATE TABLE spans (id int, a date, b date, PERIOD FOR span (a, b)) */;
/*M!100500 INSERT INTO spans VALUES (1, '2020-01-01', '2021-01-01') */;

-- What MariaDB keeps of the past, where it can be put back

/*M!101100 CREATE TABLE past (id int PRIMARY KEY, v varchar(10)) WITH SYSTEM VERSIONING */;
/*M!101100 INSERT INTO past VALUES (1, 'one'), (2, 'two') */;
/*M!101100 UPDATE past SET v = 'ONE' WHERE id = 1 */;
/*M!101100 DELETE FROM past WHERE id = 2 */;
/*M!101100 CREATE TABLE past_shown (id int PRIMARY KEY, v varchar(10) WITHOUT SYSTEM VERSIONING, `b` timestamp(6) GENERATED ALWAYS AS ROW START,
    `e` timestamp(6) GENERATED ALWAYS AS ROW END, w int, PERIOD FOR SYSTEM_TIME (`b`, `e`)) WITH SYSTEM VERSIONING */;
/*M!101100 INSERT INTO past_shown (id, v, w) VALUES (1, 'one', 1), (2, 'two', 2) */;
/*M!101100 UPDATE past_shown SET w = 9 WHERE id = 1 */;
/*M!101100 CREATE TABLE past_parts (id int, v int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION h HISTORY, PARTITION c CURRENT) */;
/*M!101100 INSERT INTO past_parts VALUES (1, 1), (2, 2) */;
/*M!101100 DELETE FROM past_parts WHERE id = 2 */;

-- Sequences

/*M!100303 CREATE SEQUENCE counter START WITH 5 MINVALUE -10 INCREMENT BY 3 CACHE 4 CYCLE */;
/*M!100303 DO NEXTVAL(counter) */;
/*M!100303 CREATE SEQUENCE a_spent START WITH 1 MAXVALUE 2 NOCACHE */;
/*M!100303 DO NEXTVAL(a_spent), NEXTVAL(a_spent) */;
/*M!100303 CREATE SEQUENCE back START WITH -1 INCREMENT BY -1 */;
/*M!100303 CREATE TABLE numbered (id bigint NOT NULL DEFAULT nextval(counter) PRIMARY KEY, v varchar(30) DEFAULT 'nextval(`x`.`y`)') */;
/*M!100303 INSERT INTO numbered (v) VALUES ('a'), ('b') */;

-- Code

DELIMITER //
CREATE PROCEDURE simple(IN a int, OUT b int) COMMENT 'it''s' BEGIN SET b = a + 1; -- a comment; with ;; in it
END//
CREATE PROCEDURE ending() SELECT 1 -- it ends with a comment
//
CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC NO SQL RETURN a * 2//
CREATE DEFINER = nobody@nowhere FUNCTION theirs() RETURNS text CHARACTER SET utf8mb4 READS SQL DATA SQL SECURITY INVOKER
BEGIN
    DECLARE x text DEFAULT 'ä;;//$1$';
    RETURN (SELECT min(v) FROM texts);
END//
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'//
CREATE FUNCTION "in other ""words""\" (a int) RETURNS varchar(20) DETERMINISTIC RETURN 'it\' || "a" || '''\'//
CREATE TRIGGER "t1" BEFORE INSERT ON "parent" FOR EACH ROW SET NEW."name" = NEW."name" || '\'//
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'//
/*M!100303 SET sql_mode = 'ORACLE' */ //
/*M!100303 CREATE OR REPLACE PACKAGE tools AS FUNCTION one RETURN int; END */ //
/*M!100303 CREATE OR REPLACE PACKAGE BODY tools AS FUNCTION one RETURN int AS BEGIN RETURN 1; END; END */ //
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'//
CREATE TRIGGER t2 BEFORE INSERT ON parent FOR EACH ROW FOLLOWS t1 SET NEW.name = concat(NEW.name, '2')//
CREATE TRIGGER `t0;` BEFORE INSERT ON parent FOR EACH ROW PRECEDES t1 BEGIN SET NEW.name = concat('0', NEW.name); END//
CREATE TRIGGER t3 AFTER DELETE ON numbers FOR EACH ROW INSERT INTO empty_table VALUES (OLD.id)//
CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'it''s'
DO BEGIN DELETE FROM empty_table; SELECT 'ä;$1$'; END//
SET time_zone = '+05:30'//
CREATE EVENT e2 ON SCHEDULE AT '2037-01-01 00:00:00' DO DELETE FROM empty_table WHERE a = '\''//
SET time_zone = '+00:00'//
SET NAMES latin1//
CREATE PROCEDURE in_latin1() SELECT '��', 'x'//
SET NAMES utf8mb4//
DELIMITER ;

-- Views

CREATE VIEW base_view AS SELECT id, name, twice(id) AS `dou``ble`, 'it''s \\ ;' AS t FROM parent WHERE name <> 'a\'b' WITH CASCADED CHECK OPTION;
CREATE VIEW a_view AS SELECT b.*, 1 + 1 FROM base_view AS b;
CREATE ALGORITHM = MERGE DEFINER = nobody@nowhere SQL SECURITY INVOKER VIEW z_view AS SELECT a.id FROM a_view AS a JOIN child USING (id);
ALTER VIEW base_view AS SELECT id, name, twice(id) AS `dou``ble`, 'it''s \\ ;' AS t FROM parent WHERE name <> 'a\'b';
CREATE ALGORITHM = TEMPTABLE VIEW counted AS SELECT count(*) AS c, max(v) AS `max(v)` FROM texts GROUP BY id HAVING c > 0;

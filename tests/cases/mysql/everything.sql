CREATE TABLE base (id int unsigned AUTO_INCREMENT PRIMARY KEY, a varchar(20) DEFAULT 'it''s \\ "x"\n', b text CHARACTER SET latin1, b2 varchar(300) COLLATE utf8mb4_bin DEFAULT (concat('a', 'b')), c varchar(10) COLLATE utf8mb4_0900_as_cs NOT NULL, d bool DEFAULT false, e json, e2 json DEFAULT (json_array()), f decimal(10,2) DEFAULT 1.5 CHECK (f <> 5), g timestamp NULL DEFAULT now() ON UPDATE now(), g6 datetime(6) DEFAULT now(6) ON UPDATE now(6), h int GENERATED ALWAYS AS (d+1) STORED, i int AS (d*2) VIRTUAL INVISIBLE, j enum('a','b''c') DEFAULT 'a', k set('x','y'), l point NOT NULL SRID 4326, l0 geometry SRID 0, lg geometrycollection, n bit(3) DEFAULT b'101', o double DEFAULT (1+1), p int COMMENT 'it''s', q year, r datetime(3) DEFAULT current_timestamp(3), s binary(4) DEFAULT 'ab', t char(36) DEFAULT (uuid()), bu binary(16) DEFAULT (uuid_to_bin(uuid())), w tinyint unsigned zerofill, x vector(3), y varchar(9) INVISIBLE DEFAULT 'hid', z blob DEFAULT ('x'), dd date DEFAULT (curdate() + interval 1 day), `or der` int, intersect_ int, `rank` int, `lead` int DEFAULT '-7', `lateral` text, FULLTEXT KEY ft (a), FULLTEXT KEY ftn (b2) WITH PARSER ngram, SPATIAL KEY sp (l), UNIQUE KEY ua (c), KEY k1 (a(5) DESC, p), KEY k2 (p) COMMENT 'hm', KEY (`or der`), KEY (`rank`), KEY ll (`lead` DESC, `rank`, `lateral`(3)), KEY fe ((lower(`a`)), (`p` + 1) DESC), UNIQUE KEY ufe ((cast(json_unquote(json_extract(`e`,'$.x')) as char(30) charset utf8mb4) collate utf8mb4_bin)), KEY mv ((cast(`e`->'$.z' as unsigned array))), KEY hid (p, d) INVISIBLE, CHECK (f > 0), CONSTRAINT named CHECK (f < 100 and a <> 'x'), CONSTRAINT lax CHECK (p in (1,2,3)) NOT ENFORCED) COMMENT='a tab''le' ROW_FORMAT=DYNAMIC STATS_PERSISTENT=0 STATS_AUTO_RECALC=1 STATS_SAMPLE_PAGES=9;
CREATE TABLE child (id int PRIMARY KEY, b int unsigned, c int unsigned, x int, FOREIGN KEY (b) REFERENCES base(id) ON DELETE CASCADE ON UPDATE SET NULL, CONSTRAINT fc FOREIGN KEY (c) REFERENCES base(id) ON DELETE RESTRICT, KEY ig (x) INVISIBLE) ENGINE=InnoDB DEFAULT CHARSET=latin1;
CREATE TABLE self (id bigint PRIMARY KEY, up bigint, FOREIGN KEY (up) REFERENCES self (id) ON DELETE SET NULL);
CREATE TABLE part (id int, d date) PARTITION BY RANGE (year(d)) SUBPARTITION BY HASH(id) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2000) COMMENT='old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE part2 (id int) PARTITION BY HASH(id) PARTITIONS 4;
CREATE TABLE part3 (id int) PARTITION BY LIST(id) (PARTITION a VALUES IN (1,2), PARTITION b VALUES IN (NULL));
CREATE TABLE part4 (a varchar(20) COLLATE utf8mb4_bin, b datetime) PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN ('m', '2020-01-01'), PARTITION p1 VALUES LESS THAN (MAXVALUE, MAXVALUE));
CREATE TABLE part5 (id int, k int, PRIMARY KEY (id)) PARTITION BY KEY () PARTITIONS 3;
CREATE TABLE part6 (id int, KEY (id)) PARTITION BY LINEAR KEY ALGORITHM=1 (id) PARTITIONS 2;
CREATE TABLE my (a int, KEY (a) USING BTREE) ENGINE=MyISAM MAX_ROWS=100 CHECKSUM=1 PACK_KEYS=1 DELAY_KEY_WRITE=1;
CREATE TABLE mem (a int, KEY h (a) USING HASH, KEY t (a) USING BTREE) ENGINE=MEMORY;
CREATE TABLE compressed (a int PRIMARY KEY, b varchar(10)) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4;
CREATE TABLE page (a int PRIMARY KEY) COMPRESSION='zlib';
CREATE TABLE attr (a int PRIMARY KEY, b int) COMMENT 'x, AUTO_INCREMENT=5';
CREATE TABLE counted (a int AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=77;
CREATE TABLE `q``uo"te` (`a``b` int PRIMARY KEY, `c.d` int, `é` int, CHECK (`c.d` <> `é`));
CREATE VIEW v AS SELECT id, x+1 AS x FROM child c WHERE id > 1 WITH CHECK OPTION;
CREATE ALGORITHM=MERGE DEFINER=t@'%' SQL SECURITY INVOKER VIEW v2 (q) AS SELECT id FROM base;
CREATE VIEW plain AS SELECT 1 AS a;
CREATE VIEW win AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, row_number() OVER w AS r FROM n WINDOW w AS (ORDER BY i DESC);
CREATE VIEW jt AS SELECT t.x, l.y FROM base, json_table(base.e, '$[*]' COLUMNS (x int PATH '$.x')) t, LATERAL (SELECT t.x + 1 AS y) l;
CREATE VIEW va AS (VALUES ROW(1, 2), ROW(3, 4)) ORDER BY 1 LIMIT 1;
CREATE TABLE `empty` (a int) DEFAULT CHARSET = latin1;
CREATE ROLE IF NOT EXISTS db_entry_test_role;
delimiter //
CREATE TRIGGER tr1 BEFORE INSERT ON child FOR EACH ROW SET NEW.x = 1//
CREATE TRIGGER tr2 BEFORE INSERT ON child FOR EACH ROW FOLLOWS tr1 BEGIN SET NEW.x = 'a;"b"'; /* c */ END//
CREATE TRIGGER tr0 BEFORE INSERT ON child FOR EACH ROW PRECEDES tr1 SET @y = 1//
CREATE FUNCTION f(a int, b varchar(10) CHARSET latin1) RETURNS varchar(10) CHARSET utf8mb4 DETERMINISTIC NO SQL SQL SECURITY INVOKER COMMENT 'hm' RETURN concat(a,b)//
CREATE PROCEDURE pr(IN a int, OUT b text) BEGIN SELECT 1; END//
CREATE PROCEDURE nop() SELECT 1//
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO SET @a = 1//
CREATE EVENT ev2 ON SCHEDULE EVERY '1:2' HOUR_MINUTE STARTS '2030-01-01 00:00:00' ENDS '2031-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'c' DO BEGIN SELECT 1; END//
SET sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT'//
CREATE PROCEDURE "ansi"() SELECT "a" || 'b' FROM "empty"//

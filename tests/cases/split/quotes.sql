INSERT INTO t VALUES ('it''s; --', "a""b;", `c``;`, [d;'"]);
INSERT INTO t VALUES (x'3b', X'', '
;
', 0x1F, 1.5e-3, .5);
SELECT 1, a, b, c FROM "t;" -- 'open
WHERE a->>'$.b' <> 'é' /* " ; */ AND 1 - -1;

-- Before the first transaction of a run, and behind statements outside one: how far the sequences are
-- and whose (temporary ones of other sessions could not be read before 15.7), and functions that switch
-- off what the proof counts by; reading whether it is on is nobody's harm. Row 1: there is something
-- that may have rows.
SELECT s.seqrelid,
    pg_catalog.pg_sequence_last_value(s.seqrelid),
    CASE WHEN s.seqcycle THEN 0 ELSE s.seqincrement END,
    d.refobjid,
    d.refobjsubid,
    NULL
FROM pg_catalog.pg_sequence AS s
    JOIN pg_catalog.pg_class AS q ON q.oid = s.seqrelid AND q.relpersistence <> 't'
    LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            AND d.objid = s.seqrelid
            AND d.objsubid = 0
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            AND d.deptype IN ('a', 'i')
WHERE pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')
UNION ALL
SELECT 0, NULL, 0, NULL, NULL, p.oid::pg_catalog.regprocedure::text
FROM pg_catalog.pg_proc AS p
WHERE p.oid >= '16384'::pg_catalog.oid
  AND (p.proconfig::text ILIKE '%track\_counts%'
      OR (p.prosrc ILIKE '%track\_counts%'
          AND p.prosrc ~* '(\mset\s+((local|session)\s+)?"?|set_config\s*\(\s*'')track_counts'))
UNION ALL
SELECT 1, NULL, 0, NULL, NULL, NULL
WHERE EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS c
    WHERE c.oid >= '16384'::pg_catalog.oid
      AND c.relkind IN ('r', 'm', 'f')
      AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_'))

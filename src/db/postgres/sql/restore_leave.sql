-- What of a dump's contents is left out, as its list names it: what restore_clear.sql leaves in
-- place and could not be made or changed a second time. $1: names of the extensions in the dump.
WITH kept_extension AS (
    SELECT e.oid, e.extname, e.extowner, e.extnamespace, e.extconfig
    FROM pg_catalog.pg_extension AS e
    WHERE e.extname = ANY ($1::text[])
)
SELECT pg_catalog.concat('SCHEMA - ', n.nspname)
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname <> 'public'
  AND n.oid IN (SELECT extnamespace FROM kept_extension)
UNION ALL
SELECT pg_catalog.concat('COMMENT - EXTENSION ', k.extname)
FROM kept_extension AS k
WHERE NOT pg_catalog.pg_has_role(k.extowner, 'USAGE')
UNION ALL
SELECT pg_catalog.concat('TABLE DATA ', n.nspname, ' ', c.relname)
FROM kept_extension AS k, pg_catalog.unnest(k.extconfig) AS x (id)
    JOIN pg_catalog.pg_class AS c ON c.oid = x.id
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT pg_catalog.has_table_privilege(c.oid, 'INSERT')

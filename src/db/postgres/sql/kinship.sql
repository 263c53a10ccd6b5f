-- The tables of the database but ours, as `pg_restore --list` writes them, without their owner.
SELECT pg_catalog.concat('TABLE ', n.nspname, ' ', c.relname)
FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        AND d.objid = c.oid AND d.deptype = 'e')

-- The columns of all tables that are not virtual, in the order of schema_objects.sql.
SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.hidden
FROM main.sqlite_master AS m
    JOIN pragma_table_xinfo(m.name, 'main') AS c
WHERE m.type = 'table'
  AND m.rootpage <> 0
  AND m.sql IS NOT NULL
  AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.name NOT LIKE 'db\_entry\_%' ESCAPE '\'
ORDER BY m.rowid, c.cid

-- The objects of a schema but columns. Left out: SQLite's own, those of db-entry, and the tables in
-- which virtual tables keep what is theirs, with all that belongs to them.
SELECT m.type, m.name, m.tbl_name, m.sql, m.rootpage, l.wr, l.strict
FROM main.sqlite_master AS m
    LEFT JOIN (SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main') AS l
        ON l.name = m.tbl_name COLLATE NOCASE
WHERE m.sql IS NOT NULL
  AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.tbl_name NOT LIKE 'db\_entry\_%' ESCAPE '\'
  AND l.type IS NOT 'shadow'
ORDER BY m.rowid

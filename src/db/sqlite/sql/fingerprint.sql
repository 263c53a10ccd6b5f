-- All that reading the schema goes by. Which tables are those of virtual tables is asked only where
-- there are such.
SELECT m.type, m.name, m.tbl_name, m.sql
FROM main.sqlite_master AS m
WHERE m.sql IS NOT NULL
  AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.tbl_name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.tbl_name NOT LIKE 'db\_entry\_%' ESCAPE '\'
  AND (NOT EXISTS (SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND rootpage = 0)
       OR m.tbl_name COLLATE NOCASE NOT IN
           (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'))
ORDER BY m.type, m.name

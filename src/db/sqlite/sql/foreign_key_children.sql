-- The tables that have foreign keys.
SELECT child.name
FROM main.sqlite_master AS child
WHERE child.type = 'table'
  AND EXISTS (SELECT 1 FROM pragma_foreign_key_list(child.name, 'main'))
ORDER BY child.name

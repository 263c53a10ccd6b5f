-- Of foreign key ?2 of table ?1: the expression that shows the values it refers by, and its columns.
SELECT group_concat('quote("' || replace(name, '"', '""') || '")', ' || '', '' || '),
       group_concat(name, ', ')
FROM (
    SELECT "from" AS name
    FROM pragma_foreign_key_list(?1, 'main')
    WHERE id = ?2
    ORDER BY seq
)

-- Of foreign key ?2 of table ?1: the columns of a SELECT that reads what it refers by, first all of
-- it quoted, for people, then value by value; and the names of its columns.
SELECT group_concat('quote(' || quoted || ')', ' || '', '' || ')
           || ', ' || group_concat(quoted, ', '),
       group_concat(name, ', ')
FROM (
    SELECT "from" AS name, '"' || replace("from", '"', '""') || '"' AS quoted
    FROM pragma_foreign_key_list(?1, 'main')
    WHERE id = ?2
    ORDER BY seq
)

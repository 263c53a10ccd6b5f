-- Who holds the lock ?: its connection, what it wrote about itself, and how long it has been running
-- what it runs. No row: nobody.
SELECT h.id, l.holder, l.since, l.progress, p.COMMAND, p.TIME, p.USER, p.HOST
FROM (SELECT IS_USED_LOCK(?) AS id) AS h
    LEFT JOIN own.db_entry_lock AS l ON l.connection = h.id
    LEFT JOIN information_schema.PROCESSLIST AS p ON p.ID = h.id
WHERE h.id IS NOT NULL

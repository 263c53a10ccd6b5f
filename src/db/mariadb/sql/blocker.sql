-- The oldest transaction of others that is open in this database: who keeps its tables and rows.
SELECT t.trx_mysql_thread_id, p.USER, p.HOST, TIMESTAMPDIFF(SECOND, t.trx_started, NOW())
FROM information_schema.INNODB_TRX AS t
    JOIN information_schema.PROCESSLIST AS p ON p.ID = t.trx_mysql_thread_id
WHERE t.trx_mysql_thread_id <> CONNECTION_ID() AND p.DB = ?
ORDER BY t.trx_started
LIMIT 1

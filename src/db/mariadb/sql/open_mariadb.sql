-- What is at the other end, and how the session is; are our tables there? One row. MariaDB.
SELECT CONNECTION_ID(), @@version, DATABASE(), CURRENT_USER(), @@SESSION.sql_mode,
    @@GLOBAL.read_only, @@GLOBAL.innodb_read_only, 0, @@SESSION.tx_read_only, @@SESSION.wsrep_on,
    EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'db_entry_history' AND TABLE_TYPE <> 'VIEW'),
    EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME = 'db_entry_snapshot' AND TABLE_TYPE <> 'VIEW')

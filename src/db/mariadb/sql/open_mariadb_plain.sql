-- What is at the other end, and how the session is: one row. MariaDB built without Galera.
SELECT CONNECTION_ID(), @@version, DATABASE(), CURRENT_USER(), @@SESSION.sql_mode,
    @@GLOBAL.read_only, @@GLOBAL.innodb_read_only, 0, @@SESSION.tx_read_only, 0

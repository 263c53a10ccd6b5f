-- What is at the other end, and how the session is: one row. MySQL.
SELECT CONNECTION_ID(), @@version, DATABASE(), CURRENT_USER(), @@SESSION.sql_mode,
    @@GLOBAL.read_only, @@GLOBAL.innodb_read_only, @@GLOBAL.super_read_only,
    @@SESSION.transaction_read_only, @@version_comment LIKE '%XtraDB Cluster%'

-- One row: who holds the migration lock, for those who wait. On Galera, where locks are a node's
-- own, it is the lock itself: held by who has the token, as long as the beat goes on.
-- To run it by hand: write the database's name in place of own.
CREATE TABLE IF NOT EXISTS own.db_entry_lock (
    id integer NOT NULL PRIMARY KEY,
    connection bigint NOT NULL,
    node varchar(255) NOT NULL,
    token varchar(64) NOT NULL,
    beat bigint NOT NULL,
    holder varchar(512) NOT NULL,
    since varchar(64) NOT NULL,
    progress varchar(512) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin

-- Our own tables: a row a migration, a row a run that changed anything, and one row of what the last
-- change left. Compared byte by byte, as on the other engines.
-- To run it by hand: write the database's name in place of own.

CREATE TABLE IF NOT EXISTS own.db_entry_history (
    version varchar(255) NOT NULL PRIMARY KEY,
    name longtext NOT NULL,
    state varchar(16) NOT NULL CHECK (state IN ('started', 'applied', 'reverted')),
    position bigint NOT NULL,
    checksum varchar(255) NOT NULL,
    down_checksum varchar(255),
    down_text longtext,
    statements_total integer NOT NULL,
    statements_done integer NOT NULL,
    breaks_older integer NOT NULL DEFAULT 0,
    work_item longtext,
    approval longtext,
    dump_id longtext,
    run_id varchar(255) NOT NULL,
    tool_version varchar(255) NOT NULL,
    app_version longtext,
    started_at varchar(64) NOT NULL,
    finished_at varchar(64),
    failed_at varchar(64),
    failed_statement longtext,
    done_checksum varchar(64)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS own.db_entry_run (
    id varchar(255) NOT NULL PRIMARY KEY,
    command longtext NOT NULL,
    detail longtext,
    started_at varchar(64) NOT NULL,
    finished_at varchar(64),
    outcome integer,
    host longtext NOT NULL,
    pid bigint NOT NULL,
    tool_version varchar(255) NOT NULL,
    app_version longtext
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS own.db_entry_snapshot (
    format integer NOT NULL,
    engine longtext NOT NULL,
    history longtext NOT NULL,
    fingerprint longtext NOT NULL,
    mirror longtext NOT NULL,
    verdict varchar(16) NOT NULL
        CHECK (verdict IN ('unjudged', 'matches', 'extra', 'missing')),
    differences bigint NOT NULL,
    catalog longtext NOT NULL,
    run_id varchar(255) NOT NULL PRIMARY KEY,
    recorded_at varchar(64) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

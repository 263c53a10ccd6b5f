-- Our own tables: a row a migration, a row a run that changed anything, and one row of what the last
-- change left.
-- To run it by hand: write the schema's name in place of own.

CREATE TABLE IF NOT EXISTS own.db_entry_history (
    version text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'applied', 'reverted')),
    position bigint NOT NULL,
    checksum text NOT NULL,
    down_checksum text,
    down_text text,
    statements_total integer NOT NULL,
    statements_done integer NOT NULL,
    breaks_older integer NOT NULL DEFAULT 0,
    work_item text,
    approval text,
    dump_id text,
    run_id text NOT NULL,
    tool_version text NOT NULL,
    app_version text,
    started_at text NOT NULL,
    finished_at text,
    failed_at text,
    failed_statement text,
    done_checksum text
);

CREATE TABLE IF NOT EXISTS own.db_entry_run (
    id text NOT NULL PRIMARY KEY,
    command text NOT NULL,
    detail text,
    started_at text NOT NULL,
    finished_at text,
    outcome integer,
    host text NOT NULL,
    pid bigint NOT NULL,
    tool_version text NOT NULL,
    app_version text
);

-- Every one needs a key: where all tables are published a row without is neither updated nor deleted.
CREATE TABLE IF NOT EXISTS own.db_entry_snapshot (
    format integer NOT NULL PRIMARY KEY,
    engine text NOT NULL,
    history text NOT NULL,
    fingerprint text NOT NULL,
    mirror text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('unjudged', 'matches', 'extra', 'missing')),
    differences bigint NOT NULL,
    catalog text NOT NULL,
    run_id text NOT NULL,
    recorded_at text NOT NULL
);

-- One that was made before it had a key gets it, from who may.
DO $db_entry$ BEGIN
IF EXISTS (
    SELECT
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = (SELECT s.tableoid FROM own.db_entry_snapshot AS s LIMIT 1)
      AND c.relkind = 'r'
      AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)
) THEN
    ALTER TABLE own.db_entry_snapshot ADD PRIMARY KEY (format);
END IF;
END $db_entry$;

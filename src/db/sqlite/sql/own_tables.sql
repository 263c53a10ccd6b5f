-- Our own tables: a row a migration, a row a run that changed anything, and one row of what the
-- last change left. The history without rowids is one b-tree to write instead of two; one that an
-- earlier version made stays as it is. A row that is started and has a finished_at was applied
-- before, and is being rolled back; its statements_done are those of down_text. One that is started
-- and has a failed_at: the statement behind those done is known to have failed. To run it by hand:
-- ATTACH 'some.db' AS own.

CREATE TABLE IF NOT EXISTS own.db_entry_history (
    version text NOT NULL PRIMARY KEY,
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('started', 'applied', 'reverted')),
    position integer NOT NULL,
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
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS own.db_entry_run (
    id text NOT NULL PRIMARY KEY,
    command text NOT NULL,
    detail text,
    started_at text NOT NULL,
    finished_at text,
    outcome integer,
    host text NOT NULL,
    pid integer NOT NULL,
    tool_version text NOT NULL,
    app_version text
);

-- One row: what the last change of ours left.
CREATE TABLE IF NOT EXISTS own.db_entry_snapshot (
    format integer NOT NULL,
    engine text NOT NULL,
    history text NOT NULL,
    fingerprint text NOT NULL,
    mirror text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('unjudged', 'matches', 'extra', 'missing')),
    differences integer NOT NULL,
    catalog text NOT NULL,
    run_id text NOT NULL,
    recorded_at text NOT NULL
);

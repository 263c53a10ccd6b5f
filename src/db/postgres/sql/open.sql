-- What is at the other end, in one round trip and without leaving a trace in the session, which may
-- be a pooler's. $1: the search path of the URL, NULL for the session's own. The schema of our
-- tables is the one on the path where they are already, else the first that is there: a schema
-- that a migration makes must not make the history vanish. Last, whether history and snapshot are.
WITH path AS MATERIALIZED (
    SELECT pg_catalog.set_config('search_path',
        coalesce($1::text, pg_catalog.current_setting('search_path')), true) AS text
)
SELECT pg_catalog.pg_backend_pid(),
    pg_catalog.version(),
    pg_catalog.current_setting('server_version'),
    pg_catalog.current_setting('server_version_num'),
    pg_catalog.current_database(),
    session_user,
    coalesce(ours.schema, pg_catalog.current_schema()),
    pg_catalog.pg_is_in_recovery(),
    pg_catalog.current_setting('transaction_read_only') = 'on',
    path.text,
    ours.schema IS NOT NULL,
    ours.snapshot IS NOT NULL
FROM path
    LEFT JOIN LATERAL (
        SELECT n.nspname AS schema,
            pg_catalog.to_regclass(
                pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.db_entry_snapshot')) AS snapshot
        FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE path.text IS NOT NULL
          AND c.relname = 'db_entry_history'
          AND c.relkind IN ('r', 'p')
          AND n.nspname = ANY (pg_catalog.current_schemas(false))
        ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname)
        LIMIT 1
    ) AS ours ON true
WHERE path.text IS NOT NULL

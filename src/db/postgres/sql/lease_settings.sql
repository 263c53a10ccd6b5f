-- What is set in this session, whoever set it, as calls that set it again: behind a pooler it is not
-- ours, and gets back what it had. The role is asked for apart, since no view shows it.
SELECT pg_catalog.format('pg_catalog.set_config(''role'', %L, false)',
        pg_catalog.current_setting('role'))
    || coalesce((
        SELECT pg_catalog.string_agg(
            pg_catalog.format(', pg_catalog.set_config(%L, %L, false)', s.name,
                pg_catalog.current_setting(s.name)), '')
        FROM pg_catalog.pg_settings AS s
        WHERE s.source = 'session'
          AND s.context IN ('user', 'superuser')
          AND s.name NOT IN ('transaction_isolation', 'transaction_read_only',
              'transaction_deferrable')), '')

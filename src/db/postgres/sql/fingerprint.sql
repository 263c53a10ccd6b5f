-- What row versions the catalogs have of all that reading the schema goes by: a sum of hashes of the
-- transactions that made them. Every change makes rows with a transaction of its own, or takes some
-- away. Of pg_class what is looked at itself, since filling, clearing and refreshing make new versions
-- there. Left out: temporary objects, our own tables, what initdb made. Views' columns are fixed by
-- what makes them; a new default makes a new version of its column, a foreign key's triggers come and
-- go with it. Every start asks this in a back end that meets each catalog for the first time, so what
-- counts is how much has to be parsed, planned and opened, more than how many rows there are.
WITH others AS MATERIALIZED (
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    WHERE c.oid >= '16384'::pg_catalog.oid
      AND (c.relpersistence = 't'
           OR c.relkind = 't'
           OR pg_catalog.starts_with(c.relname::text, 'db_entry_'))
)
SELECT
    (SELECT pg_catalog.sum(pg_catalog.hashnameextended(c.relname, c.oid::int8)
            # pg_catalog.hashoidextended(c.relnamespace, 1)
            # pg_catalog.hashcharextended(c.relpersistence, 2)
            # CASE WHEN c.relkind IN ('i', 'I') THEN 0
                ELSE pg_catalog.hashtextextended(pg_catalog.concat(c.reloftype, ' ', c.relam, ' ',
                    c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relpartbound), 3)
            END
            # coalesce(pg_catalog.hash_array_extended(c.reloptions, 4), 0))
     FROM pg_catalog.pg_class AS c
     WHERE c.oid >= '16384'::pg_catalog.oid
       AND c.relpersistence <> 't'
       AND c.relkind <> 't'
       AND NOT pg_catalog.starts_with(c.relname::text, 'db_entry_')),
    (SELECT pg_catalog.sum(pg_catalog.hashtextextended(v.xmin::text, 0))
     FROM (
        SELECT t.xmin FROM pg_catalog.pg_attribute AS t
        WHERE t.attrelid >= '16384'::pg_catalog.oid
          AND t.attnum > 0
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.attrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_constraint AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.conrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_index AS t
        WHERE t.indexrelid >= '16384'::pg_catalog.oid
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.indrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_trigger AS t
        WHERE NOT t.tgisinternal
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.tgrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_rewrite AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_policy AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_inherits AS t
        WHERE t.inhrelid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_sequence AS t
        WHERE t.seqrelid >= '16384'::pg_catalog.oid
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.seqrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_description AS t
        WHERE t.objoid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_proc AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_type AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
          AND t.typtype IN ('c', 'd', 'e', 'r')
          AND NOT EXISTS (SELECT FROM others AS o WHERE o.oid = t.typrelid)
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_enum AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_namespace AS t
        WHERE NOT pg_catalog.starts_with(t.nspname::text, 'pg_')
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_extension AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_event_trigger AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_statistic_ext AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_foreign_table AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_foreign_server AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_collation AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_ts_config AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_ts_config_map AS t
        WHERE t.mapcfg >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_ts_dict AS t
        WHERE t.oid >= '16384'::pg_catalog.oid
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_publication AS t
        UNION ALL
        SELECT t.xmin FROM pg_catalog.pg_publication_rel AS t
     ) AS v (xmin))

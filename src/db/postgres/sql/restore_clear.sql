-- The statements that empty the database before a dump is read into it, in the order in which they
-- are run, in the same transaction. What the server was born with stays (oids below 16384), and so
-- do the extensions the dump has too ($1, their names): making one again may need rights, packages
-- and versions that its dump says nothing of. A schema that such an extension lives in stays with
-- it and is emptied of all else; so is public, which no dump makes. $2: may all use public (USAGE),
-- or also make tables there (ALL)? That is what the dump takes for granted.
WITH member AS (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
), kept_extension AS (
    SELECT e.oid, e.extnamespace, e.extconfig, e.extcondition
    FROM pg_catalog.pg_extension AS e
    WHERE e.oid < '16384'::pg_catalog.oid OR e.extname = ANY ($1::text[])
), schema AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl,
        EXISTS (
            SELECT FROM member AS m
            WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid AND m.objid = n.oid
        ) AS is_member,
        n.nspname = 'public'
            OR EXISTS (SELECT FROM kept_extension AS k WHERE k.extnamespace = n.oid) AS stays
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), emptied AS (
    SELECT s.oid FROM schema AS s WHERE s.is_member OR s.stays
), object AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, c.oid,
        CASE c.relkind WHEN 'v' THEN 1 WHEN 'm' THEN 2 WHEN 'f' THEN 4 WHEN 'S' THEN 5
            WHEN 'c' THEN 6 ELSE 3 END AS place,
        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
            WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE'
            ELSE 'TABLE' END AS word
    FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace IN (SELECT oid FROM emptied)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, t.oid, 7,
        CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END
    FROM pg_catalog.pg_type AS t
    WHERE t.typnamespace IN (SELECT oid FROM emptied)
      AND t.typtype IN ('d', 'e', 'r', 'b', 'p')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid, 8, 'ROUTINE'
    FROM pg_catalog.pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass::pg_catalog.oid, o.oid, 9, 'OPERATOR CLASS'
    FROM pg_catalog.pg_opclass AS o
    WHERE o.opcnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass::pg_catalog.oid, o.oid, 10, 'OPERATOR FAMILY'
    FROM pg_catalog.pg_opfamily AS o
    WHERE o.opfnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid, o.oid, 11, 'OPERATOR'
    FROM pg_catalog.pg_operator AS o
    WHERE o.oprnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid, o.oid, 12, 'COLLATION'
    FROM pg_catalog.pg_collation AS o
    WHERE o.collnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass::pg_catalog.oid, o.oid, 13, 'CONVERSION'
    FROM pg_catalog.pg_conversion AS o
    WHERE o.connamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass::pg_catalog.oid, o.oid, 14, 'TEXT SEARCH CONFIGURATION'
    FROM pg_catalog.pg_ts_config AS o
    WHERE o.cfgnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::pg_catalog.oid, o.oid, 15, 'TEXT SEARCH DICTIONARY'
    FROM pg_catalog.pg_ts_dict AS o
    WHERE o.dictnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass::pg_catalog.oid, o.oid, 16, 'TEXT SEARCH PARSER'
    FROM pg_catalog.pg_ts_parser AS o
    WHERE o.prsnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass::pg_catalog.oid, o.oid, 17, 'TEXT SEARCH TEMPLATE'
    FROM pg_catalog.pg_ts_template AS o
    WHERE o.tmplnamespace IN (SELECT oid FROM emptied)
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass::pg_catalog.oid, o.oid, 18, 'STATISTICS'
    FROM pg_catalog.pg_statistic_ext AS o
    WHERE o.stxnamespace IN (SELECT oid FROM emptied)
), dropped_object AS (
    SELECT o.place, o.word, i.identity
    FROM object AS o,
        pg_catalog.pg_identify_object(o.class, o.oid, 0) AS i
    WHERE NOT EXISTS (
        SELECT FROM member AS m WHERE m.classid = o.class AND m.objid = o.oid)
), grantee AS (
    SELECT s.nspname, s.nspowner, a.grantee
    FROM schema AS s, pg_catalog.aclexplode(s.nspacl) AS a
    WHERE s.stays AND NOT s.is_member
    GROUP BY s.nspname, s.nspowner, a.grantee
), default_acl AS (
    SELECT d.defaclnamespace, d.defaclrole, d.defaclobjtype, d.defaclacl,
        pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s',
            pg_catalog.pg_get_userbyid(d.defaclrole),
            ' IN SCHEMA ' || pg_catalog.quote_ident(s.nspname)) AS head,
        CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
            WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS'
            WHEN 'L' THEN 'LARGE OBJECTS' END AS kind
    FROM pg_catalog.pg_default_acl AS d
        LEFT JOIN schema AS s ON s.oid = d.defaclnamespace
    WHERE d.defaclnamespace = '0'::pg_catalog.oid OR s.stays OR s.is_member
), statement (stage, place, text) AS (
    -- They would fire at what follows.
    SELECT 1, 0, pg_catalog.format('DROP EVENT TRIGGER %I', t.evtname)
    FROM pg_catalog.pg_event_trigger AS t
    WHERE NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass::pg_catalog.oid AND m.objid = t.oid)
    UNION ALL
    SELECT 2, 0, pg_catalog.format('DROP PUBLICATION %I', p.pubname)
    FROM pg_catalog.pg_publication AS p
    UNION ALL
    SELECT 3, 0, 'DROP SCHEMA ' || pg_catalog.string_agg(pg_catalog.quote_ident(s.nspname), ', ')
        || ' CASCADE'
    FROM schema AS s
    WHERE NOT s.stays AND NOT s.is_member
    HAVING count(*) > 0
    UNION ALL
    SELECT 4, d.place, pg_catalog.format('DROP %s IF EXISTS %s CASCADE', d.word,
        pg_catalog.string_agg(d.identity, ', '))
    FROM dropped_object AS d
    WHERE d.word NOT LIKE 'OPERATOR _%' AND d.word <> 'CONVERSION'
      AND d.word NOT LIKE 'TEXT SEARCH %' AND d.word <> 'COLLATION'
    GROUP BY d.place, d.word
    UNION ALL
    -- Those that can be named one at a time alone.
    SELECT 4, d.place, pg_catalog.format('DROP %s IF EXISTS %s CASCADE', d.word, d.identity)
    FROM dropped_object AS d
    WHERE d.word LIKE 'OPERATOR _%' OR d.word = 'CONVERSION'
       OR d.word LIKE 'TEXT SEARCH %' OR d.word = 'COLLATION'
    UNION ALL
    SELECT 5, 0, pg_catalog.format('DROP CAST IF EXISTS (%s AS %s) CASCADE',
        pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL))
    FROM pg_catalog.pg_cast AS c
    WHERE c.oid >= '16384'::pg_catalog.oid AND NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass::pg_catalog.oid AND m.objid = c.oid)
    UNION ALL
    SELECT 5, 1, pg_catalog.format('DROP TRANSFORM IF EXISTS FOR %s LANGUAGE %I CASCADE',
        pg_catalog.format_type(t.trftype, NULL), l.lanname)
    FROM pg_catalog.pg_transform AS t JOIN pg_catalog.pg_language AS l ON l.oid = t.trflang
    WHERE NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_transform'::pg_catalog.regclass::pg_catalog.oid AND m.objid = t.oid)
    UNION ALL
    SELECT 5, 2, pg_catalog.format('DROP LANGUAGE IF EXISTS %I CASCADE', l.lanname)
    FROM pg_catalog.pg_language AS l
    WHERE l.oid >= '16384'::pg_catalog.oid AND NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_language'::pg_catalog.regclass::pg_catalog.oid AND m.objid = l.oid)
    UNION ALL
    SELECT 5, 3, pg_catalog.format('DROP ACCESS METHOD IF EXISTS %I CASCADE', a.amname)
    FROM pg_catalog.pg_am AS a
    WHERE a.oid >= '16384'::pg_catalog.oid AND NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_am'::pg_catalog.regclass::pg_catalog.oid AND m.objid = a.oid)
    UNION ALL
    SELECT 5, 4, pg_catalog.format('DROP SERVER IF EXISTS %I CASCADE', f.srvname)
    FROM pg_catalog.pg_foreign_server AS f
    WHERE NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::pg_catalog.oid AND m.objid = f.oid)
    UNION ALL
    SELECT 5, 5, pg_catalog.format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', f.fdwname)
    FROM pg_catalog.pg_foreign_data_wrapper AS f
    WHERE NOT EXISTS (
        SELECT FROM member AS m
        WHERE m.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass::pg_catalog.oid
          AND m.objid = f.oid)
    UNION ALL
    SELECT 6, 0, 'DROP EXTENSION IF EXISTS '
        || pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ') || ' CASCADE'
    FROM pg_catalog.pg_extension AS e
    WHERE e.oid NOT IN (SELECT oid FROM kept_extension)
    HAVING count(*) > 0
    UNION ALL
    SELECT 7, 0, 'SELECT pg_catalog.lo_unlink(l.oid) FROM pg_catalog.pg_largeobject_metadata AS l'
    WHERE EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
    UNION ALL
    -- Rows that people added to what an extension keeps its settings in: the dump has them.
    SELECT 8, 0, pg_catalog.format('DELETE FROM %s %s', c.oid::pg_catalog.regclass, x.condition)
    FROM kept_extension AS k,
        ROWS FROM (pg_catalog.unnest(k.extconfig), pg_catalog.unnest(k.extcondition))
            AS x (id, condition)
        JOIN pg_catalog.pg_class AS c ON c.oid = x.id::pg_catalog.oid
    WHERE c.relkind = 'r' AND pg_catalog.has_table_privilege(c.oid, 'DELETE')
    UNION ALL
    SELECT 9, 0, 'CREATE SCHEMA public'
    WHERE NOT EXISTS (SELECT FROM schema AS s WHERE s.nspname = 'public')
    UNION ALL
    -- Grants, back to what is taken for granted; the dump has what goes beyond.
    SELECT 9, 1, pg_catalog.format('REVOKE ALL ON SCHEMA %I FROM %s CASCADE', g.nspname,
        CASE g.grantee WHEN '0'::pg_catalog.oid THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END)
    FROM grantee AS g
    WHERE pg_catalog.pg_has_role(g.nspowner, 'USAGE') AND g.grantee <> g.nspowner
    UNION ALL
    SELECT 9, 2, pg_catalog.format('GRANT ALL ON SCHEMA %I TO %I', s.nspname,
        pg_catalog.pg_get_userbyid(s.nspowner))
    FROM schema AS s
    WHERE s.stays AND NOT s.is_member AND s.nspacl IS NOT NULL
      AND pg_catalog.pg_has_role(s.nspowner, 'USAGE')
    UNION ALL
    SELECT 9, 3, pg_catalog.format('GRANT %s ON SCHEMA public TO PUBLIC', $2::text)
    WHERE NOT EXISTS (
        SELECT FROM schema AS s
        WHERE s.nspname = 'public' AND NOT pg_catalog.pg_has_role(s.nspowner, 'USAGE'))
    UNION ALL
    SELECT 9, 4, 'COMMENT ON SCHEMA public IS ''standard public schema'''
    WHERE NOT EXISTS (
        SELECT FROM schema AS s
        WHERE s.nspname = 'public'
          AND (pg_catalog.obj_description(s.oid, 'pg_namespace') = 'standard public schema'
               OR NOT pg_catalog.pg_has_role(s.nspowner, 'USAGE')))
    UNION ALL
    SELECT 10, 0, pg_catalog.format('%s REVOKE ALL ON %s FROM %s', d.head, d.kind,
        CASE a.grantee WHEN '0'::pg_catalog.oid THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
    FROM default_acl AS d, pg_catalog.aclexplode(d.defaclacl) AS a
    GROUP BY d.head, d.kind, a.grantee
    UNION ALL
    SELECT 10, 1, pg_catalog.format('%s GRANT %s ON %s TO %s', d.head, a.privilege_type, d.kind,
        CASE a.grantee WHEN '0'::pg_catalog.oid THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
    FROM default_acl AS d,
        pg_catalog.aclexplode(pg_catalog.acldefault(
            CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole)) AS a
    WHERE d.defaclnamespace = '0'::pg_catalog.oid
)
SELECT s.text
FROM statement AS s
ORDER BY s.stage, s.place, s.text

"""
Operators in the schema public for each pair of types that the server has none for. Where an
expression leaves it to the server to find a type, they are the better match.
"""

SHADOWS = r"""
SET search_path = pg_catalog;
DO $$
DECLARE
    types text[] := ARRAY['oid', 'int2', 'int4', 'int8', '"char"', 'name', 'text', 'varchar', 'regclass', 'regtype',
        'regproc', 'timestamptz', 'float8', 'numeric', 'interval', 'bool', 'xid', 'text[]', 'name[]', 'oid[]', 'int4[]',
        'int8[]', 'int2vector', 'oidvector'];
    conditions text[] := ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '!~~', '~~*', '~', '~*'];
    operators text[] := conditions || ARRAY['||', '+', '-', '*', '/', '%', '&', '|'];
    a text; b text; o text; n int := 0;
BEGIN
    FOREACH a IN ARRAY types LOOP FOREACH b IN ARRAY types LOOP
        n := n + 1;
        EXECUTE format('CREATE FUNCTION public.shadow_%s(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', n, a, b,
            format('BEGIN RAISE ''shadowed by %s and %s''; END', a, b));
        EXECUTE format('CREATE FUNCTION public.shadow_text_%s(%s, %s) RETURNS text LANGUAGE plpgsql AS %L', n, a, b,
            format('BEGIN RAISE ''shadowed by %s with %s''; END', a, b));
        FOREACH o IN ARRAY operators LOOP
            CONTINUE WHEN EXISTS (SELECT FROM pg_operator WHERE oprname = o
                AND oprleft = a::regtype::oid AND oprright = b::regtype::oid);
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%s_%s)', o, a, b,
                CASE WHEN o = ANY (conditions) THEN 'shadow' ELSE 'shadow_text' END, n);
        END LOOP;
    END LOOP; END LOOP;
END $$;
"""

SELECT $$one; 'two$$, $a$one; $$ $b$ $a;$ $a$, a$b$c;
CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  EXECUTE $x$ DELETE FROM t; $x$;
END;
$function$;
DO $é_1$ BEGIN COMMIT; END $é_1$;
SELECT $$$a;$$;

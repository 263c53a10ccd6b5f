#include "conformance/fixture.h"

const struct fixture fixture_postgres = {
    .name = "postgres",
    .environment = "CONFORMANCE_POSTGRES",
    .drop_database = "DROP DATABASE IF EXISTS db_entry_conformance WITH (FORCE)",
    .create_database = "CREATE DATABASE db_entry_conformance",
    .notice = "spoken aside",
    .commit_code = "23503",
    .sql =
	{
	    [TABLE] = {"CREATE TABLE thing (id integer PRIMARY KEY, label text)", NULL},
	    [ROW] = {"INSERT INTO thing VALUES (1, 'one')", NULL},
	    [DUPLICATE] = {"INSERT INTO thing VALUES (1, 'again')", "23505"},
	    [SYNTAX] = {"SELEC 1", "42601"},
	    [NO_TABLE] = {"INSERT INTO nowhere VALUES (1)", "42P01"},
	    [RESULTS] = {"SELECT generate_series(1, 1000), repeat('x', 1000)", NULL},
	    [NOTICE] = {"DO $$ BEGIN RAISE NOTICE 'spoken aside'; END $$", NULL},
	    [SETTING] = {"SET search_path = pg_catalog", NULL},
	    [SETTING_READ] = {"SELECT current_setting('search_path')", NULL},
	    [TEMPORARY] = {"CREATE TEMPORARY TABLE leftover (a integer)", NULL},
	    [LONG] = {"SELECT pg_sleep(60)", NULL},
	    [PARENT] = {"CREATE TABLE public.parent (id integer PRIMARY KEY)", NULL},
	    [CHILD] = {"CREATE TABLE public.child (id integer PRIMARY KEY, parent integer"
		       " REFERENCES public.parent DEFERRABLE INITIALLY DEFERRED)",
		NULL},
	    [VIOLATION] = {"INSERT INTO public.child VALUES (1, 99)", "23503"},
	    [PARENT_ROW] = {"INSERT INTO public.parent VALUES (1)", NULL},
	    [CHILD_ROW] = {"INSERT INTO public.child VALUES (2, 1)", NULL},
	    [OLD_1] = {"CREATE TABLE public.old_child (parent integer)", NULL},
	    [OLD_2] = {"INSERT INTO public.old_child VALUES (98)", NULL},
	    [OLD_3] =
		{"ALTER TABLE public.old_child ADD FOREIGN KEY (parent) REFERENCES public.parent"
		 " DEFERRABLE INITIALLY DEFERRED NOT VALID",
		    NULL},
	},
};

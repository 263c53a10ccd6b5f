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
	    [SETTING] = {"SET enable_seqscan = off", NULL},
	    [SETTING_READ] = {"SELECT current_setting('enable_seqscan')", NULL},
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
	    [KEPT] = {"CREATE TABLE public.kept (id integer PRIMARY KEY, label text, spare text)",
		NULL},
	    [KEPT_ROWS] = {"INSERT INTO public.kept VALUES (1, 'one', NULL), (2, 'two', NULL)",
		NULL},
	    [NONE_DELETED] = {"DELETE FROM public.kept WHERE id = 99", NULL},
	    [ADD_COLUMN] = {"ALTER TABLE public.kept ADD COLUMN extra integer", NULL},
	    [BACKFILL] = {"UPDATE public.kept SET extra = 1", NULL},
	    [DROP_SPARE] = {"ALTER TABLE public.kept DROP COLUMN spare", NULL},
	    [OVERWRITE] = {"UPDATE public.kept SET label = 'x'", NULL},
	    [OWNER] = {"CREATE TABLE public.owner (id integer PRIMARY KEY)", NULL},
	    [PIECE] = {"CREATE TABLE public.piece (owner integer REFERENCES public.owner (id) ON "
		       "DELETE CASCADE)",
		NULL},
	    [OWNER_ROW] = {"INSERT INTO public.owner VALUES (1)", NULL},
	    [PIECE_ROW] = {"INSERT INTO public.piece VALUES (1)", NULL},
	    [OTHER_OWNER] = {"INSERT INTO public.owner VALUES (2)", NULL},
	    [CASCADE] = {"DELETE FROM public.owner", NULL},
	    [TRIGGER_1] = {"CREATE FUNCTION public.loss() RETURNS trigger LANGUAGE plpgsql AS "
			   "'BEGIN DELETE FROM public.kept WHERE id = 2; RETURN NEW; END'",
		NULL},
	    [TRIGGER_2] = {"CREATE TRIGGER loss AFTER INSERT ON public.owner FOR EACH ROW EXECUTE "
			   "FUNCTION public.loss()",
		NULL},
	    [TRIGGER_OFF] = {"DROP TRIGGER loss ON public.owner", NULL},
	    [DELETED] = {"DELETE FROM public.kept WHERE id = 2", NULL},
	    [REBUILT] = {"CREATE TABLE public.rebuilt (id integer, label text)", NULL},
	    [COPY] = {"INSERT INTO public.rebuilt SELECT id, label FROM public.kept", NULL},
	    [COPY_SOME] =
		{"INSERT INTO public.rebuilt SELECT id, label FROM public.kept WHERE id = 1", NULL},
	    [DROP_LABEL] = {"ALTER TABLE public.kept DROP COLUMN label", NULL},
	    [DROP_KEPT] = {"DROP TABLE public.kept", NULL},
	    [RENAME] = {"ALTER TABLE public.rebuilt RENAME TO kept", NULL},
	},
};

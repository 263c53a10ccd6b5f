#include "conformance/fixture.h"

const struct fixture fixture_sqlite = {
    .name = "sqlite",
    .file = true,
    .environment = "CONFORMANCE_SQLITE",
    .commit_code = "FOREIGN_KEY",
    .sql =
	{
	    [TABLE] = {"CREATE TABLE thing (id integer PRIMARY KEY, label text)", NULL},
	    [ROW] = {"INSERT INTO thing VALUES (1, 'one')", NULL},
	    [DUPLICATE] = {"INSERT INTO thing VALUES (1, 'again')", "SQLITE_CONSTRAINT_PRIMARYKEY"},
	    [SYNTAX] = {"SELEC 1", "SQLITE_ERROR"},
	    [NO_TABLE] = {"INSERT INTO nowhere VALUES (1)", "SQLITE_ERROR"},
	    [RESULTS] = {"SELECT 1 UNION ALL SELECT 2", NULL},
	    [SETTING] = {"PRAGMA reverse_unordered_selects = ON", NULL},
	    [SETTING_READ] = {"PRAGMA reverse_unordered_selects", NULL},
	    [TEMPORARY] = {"CREATE TEMPORARY TABLE leftover (a integer)", NULL},
	    [LONG] = {"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
		      " WHERE i < 10000000000) SELECT count(*) FROM n",
		NULL},
	    [PARENT] = {"CREATE TABLE parent (id integer PRIMARY KEY)", NULL},
	    [CHILD] =
		{"CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent)",
		    NULL},
	    [VIOLATION] = {"INSERT INTO child VALUES (1, 99)", "SQLITE_CONSTRAINT_FOREIGNKEY"},
	    [PARENT_ROW] = {"INSERT INTO parent VALUES (1)", NULL},
	    [CHILD_ROW] = {"INSERT INTO child VALUES (2, 1)", NULL},
	    [OLD_1] = {"PRAGMA foreign_keys = OFF", NULL},
	    [OLD_2] = {"INSERT INTO child VALUES (3, 98)", NULL},
	},
};

#include "conformance/fixture.h"

const struct fixture fixture_mariadb = {
    .name = "mariadb",
    .environment = "CONFORMANCE_MARIADB",
    .drop_database = "DROP DATABASE IF EXISTS db_entry_conformance",
    .create_database = "CREATE DATABASE db_entry_conformance CHARACTER SET utf8mb4",
    .notice = "spoken aside",
    .sql =
	{
	    [TABLE] = {"CREATE TABLE thing (id integer PRIMARY KEY, label longtext)", NULL},
	    [ROW] = {"INSERT INTO thing VALUES (1, 'one')", NULL},
	    [DUPLICATE] = {"INSERT INTO thing VALUES (1, 'again')", "1062"},
	    [SYNTAX] = {"SELEC 1", "1064"},
	    [NO_TABLE] = {"INSERT INTO nowhere VALUES (1)", "1146"},
	    [RESULTS_SETUP] = {"CREATE PROCEDURE both_results() BEGIN SELECT 1; SELECT 2; END",
		NULL},
	    [RESULTS] = {"CALL both_results()", NULL},
	    [NOTICE] = {"SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'spoken aside'", NULL},
	    [SETTING] = {"SET SESSION sql_safe_updates = 1", NULL},
	    [SETTING_READ] = {"SELECT @@sql_safe_updates", NULL},
	    [TEMPORARY] = {"CREATE TEMPORARY TABLE leftover (a integer)", NULL},
	    [LONG] = {"SELECT SLEEP(60)", NULL},
	    [PARENT] = {"CREATE TABLE parent (id integer PRIMARY KEY)", NULL},
	    [CHILD] = {"CREATE TABLE child (id integer PRIMARY KEY, parent integer,"
		       " FOREIGN KEY (parent) REFERENCES parent (id))",
		NULL},
	    [VIOLATION] = {"INSERT INTO child VALUES (1, 99)", "1452"},
	    [PARENT_ROW] = {"INSERT INTO parent VALUES (1)", NULL},
	    [CHILD_ROW] = {"INSERT INTO child VALUES (2, 1)", NULL},
	    [OLD_1] = {"SET SESSION foreign_key_checks = 0", NULL},
	    [OLD_2] = {"INSERT INTO child VALUES (3, 98)", NULL},
	},
};

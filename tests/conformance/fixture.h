/*
 * A fixture: what the cases need to know of an engine, as data. The cases are the same for all.
 *
 * The statements are in an order in which they can be run one after the other, each by itself, on
 * an empty database; `conformance --print ENGINE` prints them for checking them without a driver.
 */
#ifndef DB_ENTRY_TESTS_CONFORMANCE_FIXTURE_H
#define DB_ENTRY_TESTS_CONFORMANCE_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

enum fixture_id {
	TABLE,     /* thing (id, an integer and the key; label, a text without limit) */
	ROW,       /* thing 1, 'one' */
	DUPLICATE, /* thing 1 again */
	SYNTAX,    /* no SQL */
	NO_TABLE,  /* writes to a table that is not there */
	RESULTS_SETUP,
	RESULTS, /* gives rows; several results where the engine has such */
	NOTICE,  /* says `notice` beside its result */
	SETTING, /* changes a setting of the session */
	SETTING_READ,
	TEMPORARY, /* makes the temporary table leftover */
	LONG,      /* runs for a minute or more */
	PARENT,
	CHILD,      /* child (id, parent) refers to parent (id), deferred where the engine can */
	VIOLATION,  /* a child of a parent that is not there */
	PARENT_ROW, /* parent 1 */
	CHILD_ROW,  /* its child */
	OLD_1,      /* together: a row that points nowhere and was always there */
	OLD_2,
	OLD_3,
	KEPT,      /* kept (id, the key; label, a text; spare, a text), for what must not be lost */
	KEPT_ROWS, /* 1 'one' and 2 'two', spare NULL */
	NONE_DELETED, /* a DELETE that meets no row */
	ADD_COLUMN,   /* extra, an integer */
	BACKFILL,     /* 1 into extra of every row */
	DROP_SPARE,   /* the column that holds nothing */
	OVERWRITE,    /* 'x' into label of every row */
	OWNER,        /* owner (id, the key) */
	PIECE,        /* piece (owner) refers to owner, ON DELETE CASCADE */
	OWNER_ROW,    /* 1 */
	PIECE_ROW,    /* its piece */
	OTHER_OWNER,  /* 2, which has no piece */
	CASCADE,      /* deletes all owners */
	TRIGGER_1,    /* together: adding a row to owner deletes kept 2 */
	TRIGGER_2,
	TRIGGER_OFF, /* and no more */
	DELETED,     /* kept 2 */
	REBUILT,     /* rebuilt (id, label), to take the place of kept */
	COPY,        /* all rows of kept into it */
	COPY_SOME,   /* those with id 1 alone */
	DROP_LABEL,  /* the column that holds values */
	DROP_KEPT,
	RENAME, /* rebuilt to kept */
	FIXTURE_IDS
};

struct fixture_sql {
	const char *sql;  /* NULL: the engine has nothing like it */
	const char *code; /* of the error it must fail with; NULL: it works */
};

struct fixture {
	const char *name; /* of the driver */
	bool file;        /* a database is a file, there is no server */
	/* The URL of a server and a user that may make databases; for files a folder (else /tmp).
	 */
	const char *environment;
	const char *drop_database, *create_database; /* db_entry_conformance; NULL for files */
	const char *notice;
	const char
	    *commit_code; /* of a violation found by COMMIT; NULL: the statement itself fails */
	struct fixture_sql sql[FIXTURE_IDS];
};

extern const struct fixture fixture_sqlite, fixture_postgres, fixture_mariadb;

/* All of them, ended by NULL. */
extern const struct fixture *const fixtures[];

/* "duplicate" */
const char *fixture_id_name(enum fixture_id id);

/* Print the statements as a JSON array of {name, sql, fails}; LONG is left to the reader. */
void fixture_print(const struct fixture *fixture);

#endif

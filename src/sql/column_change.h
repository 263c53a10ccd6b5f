/*
 * The columns that an ALTER TABLE of MariaDB and MySQL defines anew, by MODIFY or CHANGE: what is
 * said of each, as far as it is said. What is not said again is dropped, so whether something is
 * lost can only be told beside the column that is there. Pure reading: nothing is looked up.
 */
#ifndef DB_ENTRY_SQL_COLUMN_CHANGE_H
#define DB_ENTRY_SQL_COLUMN_CHANGE_H

#include "base/arena.h"
#include "sql/lex.h"

enum sql_column_flag {
	SQL_COLUMN_UNSIGNED = 1 << 0,
	SQL_COLUMN_ZEROFILL = 1 << 1,
	SQL_COLUMN_BINARY = 1 << 2, /* BINARY behind a text type: its binary collation */
	SQL_COLUMN_NOT_NULL = 1 << 3,
	SQL_COLUMN_NULL = 1 << 4, /* said to be so */
	SQL_COLUMN_AUTO_INCREMENT = 1 << 5,
	SQL_COLUMN_INVISIBLE = 1 << 6,
	SQL_COLUMN_STORED = 1 << 7,  /* with `generated` */
	SQL_COLUMN_PRIMARY = 1 << 8, /* these three make a constraint, */
	SQL_COLUMN_UNIQUE = 1 << 9,
	SQL_COLUMN_CHECK = 1 << 10,
	SQL_COLUMN_REFERENCES = 1 << 11,
	SQL_COLUMN_COMPRESSED = 1 << 12,
	SQL_COLUMN_UNVERSIONED = 1 << 13, /* WITHOUT SYSTEM VERSIONING */
	SQL_COLUMN_MOVED = 1 << 14,       /* FIRST or AFTER */
	SQL_COLUMN_UNREAD = 1 << 15       /* something of it is not known here: count on nothing */
};

/*
 * Names are without quotes and not folded. The other texts are as the statement has them, from
 * their first token to their last; NULL: not said.
 */
struct sql_column_change {
	const char *schema, *table;
	const char *column, *name; /* the one there is, and the new one; the same with MODIFY */
	bool if_exists;
	const char *type;      /* its words in lower case, a blank between: "double precision" */
	const char *arguments; /* in its parentheses: "10,2", "'a', 'b'" */
	const char *character_set, *collation;
	const char *default_value, *on_update;
	const char *comment;   /* with its quotes */
	const char *generated; /* the expression, with its parentheses */
	const char *srid;
	unsigned flags; /* of enum sql_column_flag */
};

/*
 * The changes of one statement, in its order; 0 when it makes none. *changes lives in the arena.
 * Where executable comments make it say something else on other servers (sql/executable.h), all are
 * SQL_COLUMN_UNREAD.
 */
size_t sql_column_changes(struct sql_column_change **changes, const struct dialect *dialect,
    const char *text, size_t len, struct arena *arena);

#endif

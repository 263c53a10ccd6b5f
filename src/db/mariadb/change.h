/* What a statement says it changes: which rows of which tables. Read from its text alone. */
#ifndef DB_ENTRY_DB_MARIADB_CHANGE_H
#define DB_ENTRY_DB_MARIADB_CHANGE_H

#include "base/arena.h"
#include "sql/script.h"

enum my_form {
	MY_NOTHING, /* it changes no rows by itself */
	MY_INSERT,  /* adds rows */
	MY_UPSERT,  /* INSERT … ON DUPLICATE KEY UPDATE */
	MY_REPLACE, /* and LOAD DATA REPLACE */
	MY_UPDATE,
	MY_DELETE,
	MY_HISTORY, /* DELETE HISTORY */
	MY_ANYTHING /* what is not understood here */
};

/* A table that is changed; names without quotes. */
struct my_changed {
	const char *schema; /* NULL: the statement names none */
	const char *name;
};

struct my_change {
	enum my_form form;
	bool where;  /* UPDATE: under a WHERE that is not true for every row by itself */
	bool joined; /* other tables are read beside it */
	bool returning;
	struct my_changed *tables;
	size_t count;
	const char **columns; /* that UPDATE sets, without their tables */
	size_t column_count;
	const char **kept; /* and those that it sets to what they are: a = a */
	size_t kept_count;
	const char *sets; /* a text in which each column stands by its name that may be set */
	const char *rest; /* of DELETE from one table: from its name on; into the text */
};

/* Lives in the arena. */
void my_change_of(
    struct my_change *ret, const struct sql_statement *statement, struct arena *arena);

/* Is this column, by any case, among those that are set, or kept? */
bool my_change_says(const struct my_change *change, const char *column);

#endif

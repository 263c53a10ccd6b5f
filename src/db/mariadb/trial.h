/* What the files of the trial share: plans run on a scratch database that has the schema alone. */
#ifndef DB_ENTRY_DB_MARIADB_TRIAL_H
#define DB_ENTRY_DB_MARIADB_TRIAL_H

#include "db/mariadb/schema_parts.h"

/* --- trial_read.c: what of a plan may be run there --- */

enum my_way {
	MY_WAY_RUN,     /* as it is */
	MY_WAY_DEFINE,  /* so, too; what it defines is never called, and removed at once */
	MY_WAY_PREPARE, /* the server is asked whether it could be run */
	MY_WAY_PASS,    /* not at all; the tables are the same behind it */
	MY_WAY_END      /* not at all; and what the tables are behind it is not known */
};

/* `databases` are all there are; *why, of MY_WAY_END, is static or in the arena. */
enum my_way my_trial_way(const struct my_server *server, const struct sql_statement *statement,
    const struct db_rows *databases, const char **why, struct arena *arena);

/* Does the text speak of no database, by its name? The other one is in the arena. */
bool my_trial_stays(const struct dialect *dialect, const char *text, size_t len,
    const struct db_rows *databases, const char **other, struct arena *arena);

/* Is it told from the table alone that it has no outside: files, other servers? */
bool my_trial_is_plain(const struct dialect *dialect, const char *text, size_t len);

/* --- trial_copy.c: the schema --- */

struct my_original {
	const char *name, *text; /* SHOW CREATE */
	bool view;
	bool named, wanted; /* a statement speaks of it; it, or what it needs or is needed by */
	bool made;
};

struct my_copy {
	struct my_original *items;
	size_t count, capacity;
	const char *collation; /* of the database; NULL: not told */
};

/* All tables, sequences and views of the session's database but ours, in the arena. */
bool my_copy_read(struct my_db *s, struct my_copy *copy, struct arena *arena, struct err *err);

/* Which of them these scripts need. */
void my_copy_choose(
    struct my_copy *copy, const struct db_trial_part *parts, size_t count, struct arena *arena);

/*
 * Make them in the session's database, which is another. False with the err when that fails; *why,
 * in the arena, says what can't be made there, and is NULL when all is.
 */
bool my_copy_make(struct my_db *scratch, struct my_copy *copy, const struct db_rows *databases,
    const char **why, struct arena *arena, struct err *err);

#endif

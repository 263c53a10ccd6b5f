/*
 * Dumps of MariaDB and MySQL: SQL that the stock client restores into an empty database, in a form
 * that can also be read here without knowing SQL. What the files of dumps and restores share.
 *
 * The file is a sequence of statements and of marks, lines of their own between statements:
 *
 *	-- db-entry SQL dump, format 1      the first line
 *	-- db-entry: table NAME             the definitions of a table or sequence follow
 *	-- db-entry: rows NAME              its rows follow, a row a line: no value holds a line
 *break
 *	-- db-entry: count N                that were so many
 *	-- db-entry: definitions            routines, views and triggers follow
 *	-- db-entry: trigger NAME           one of this table's follows
 *	-- db-entry: events                 events follow
 *	-- db-entry: end                    what the session was before follows
 *	-- db-entry: complete tables=N rows=N longest=N sha256=HEX        the last line
 *
 * NAME is as my_write_mark() writes it. A statement ends with `;` outside of quotes, and is to be
 * read in the sql_mode of MY_DUMP_MODE; or it stands between a line `DELIMITER x` and a line `x`,
 * which it does not hold, and the sql_mode is its own. No statement names the database. The digest
 * is that of all that stands in front of it; `longest` is the length of the longest statement.
 */
#ifndef DB_ENTRY_DB_MARIADB_DUMP_H
#define DB_ENTRY_DB_MARIADB_DUMP_H

#include "base/digest.h"
#include "db/mariadb/mariadb.h"

#define MY_DUMP_HEAD "-- db-entry SQL dump, format 1\n"
#define MY_DUMP_MARK "-- db-entry: "

/* No value is refused or changed for what it is: zero dates, 31 February, 0 in AUTO_INCREMENT. */
#define MY_DUMP_MODE "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"

/* Who holds the lock: a row of the present, and no one's data. */
#define MY_LOCK_TABLE "db_entry_lock"

/* --- side.c: a session beside the one that holds the lock --- */

/*
 * Connect once more to where the session is, without limits for statements. Its `alive` is the
 * caller's to set. Zero-initialise *side; close it whatever this returns.
 */
bool my_side_open(struct my_db *side, struct my_db *s, struct err *err);
void my_side_close(struct my_db *side);

/* A query with names and values put in: `%n` is a name, `%t` a text. In the arena of the caller. */
bool my_side_ask(struct my_db *s, struct arena *arena, struct db_rows *rows, struct err *err,
    const char *format, ...);
bool my_side_do(struct my_db *s, struct err *err, const char *format, ...);

/* --- dump_write.c --- */

struct my_writer {
	struct sink *sink;
	const struct stop *stop;
	struct digest *digest;
	char *out; /* not handed on yet */
	size_t len;
	int64_t written;            /* bytes, those in `out` not among them */
	int64_t longest, statement; /* length; where the one that is being written began */
	/* The first error; nothing is written any more. */
	bool failed;
	struct err err;
	void (*moved)(void *context); /* something was handed on; NULL: nobody wants to know */
	void *context;
};

enum {
	MY_ROOM = 64 * 1024 /* at most, at once */
};

void my_writer_open(struct my_writer *w, struct sink *sink, const struct stop *stop);
void my_writer_free(struct my_writer *w);

/* Room for `len` bytes, MY_ROOM at most; w->len grows by what is used of it. */
char *my_writer_room(struct my_writer *w, size_t len);

void my_write(struct my_writer *w, const void *data, size_t len);
void my_write_text(struct my_writer *w, const char *text);
void my_write_format(struct my_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void my_write_name(struct my_writer *w, const char *name);
void my_write_mark(struct my_writer *w, const char *kind, const char *name);

/* A statement begins or has ended, for `longest`. */
void my_write_begin(struct my_writer *w);
void my_write_end(struct my_writer *w);

/* A statement that says itself how it is to be read, as it came from the server. */
void my_write_delimited(struct my_writer *w, const char *text, size_t len);

/* False with the first error. Hands on what is left. */
bool my_writer_flush(struct my_writer *w, struct err *err);

/* --- dump_cell.c --- */

enum my_cell {
	MY_CELL_PLAIN, /* a number, as it comes */
	MY_CELL_TEXT,
	MY_CELL_BYTES
};

/* A value as a literal; NULL too. */
void my_write_cell(struct my_writer *w, enum my_cell kind, const char *data, size_t len);

/* --- dump_table.c --- */

struct my_dump {
	struct my_db *s;   /* holds the lock, idle */
	struct my_db side; /* reads */
	struct my_writer w;
	const struct db_progress *progress;
	int64_t total, began, beat;
	int64_t tables, rows;
	struct arena arena;
};

struct my_table {
	const char *name, *engine;
	bool view, sequence, versioned;
	bool elsewhere; /* its rows are other tables', or another server's */
	bool fixed;     /* read in the transaction it is as it was at the transaction's begin */
	char columns[DIGEST_HEX + 1]; /* digest of them, by my_columns(); "" when nobody asked */
};

bool my_tables(struct my_db *s, const char *database, struct arena *arena, struct my_table **ret,
    size_t *count, struct err *err);

/* What their columns are. A snapshot holds rows, not definitions: some changes it doesn't see. */
bool my_columns(
    struct my_db *s, const char *database, struct my_table *tables, size_t count, struct err *err);

/* Definition and rows; ERR_DATABASE when the columns are others by now. */
bool my_dump_table(struct my_dump *d, const struct my_table *table, struct err *err);

/* The definition alone. */
bool my_dump_shell(struct my_dump *d, const struct my_table *table, struct err *err);

/* --- dump_code.c --- */

/* Advice for an account that may not see routines. Always false. */
bool my_advise_routines(const struct my_db *side, struct err *err);

/* The settings of the session that writes, once in front of all other objects with code. */
bool my_dump_code(struct my_dump *d, const struct my_table *tables, size_t count, struct err *err);

/* The triggers of the side's database alone, as a script of their own. */
bool my_dump_triggers(struct my_db *side, struct my_writer *w, struct err *err);

/* --- dump_read.c --- */

struct my_script {
	const char *path; /* for messages */
	int fd;           /* -1: all is in memory */
	bool ended;       /* nothing more can be read */
	char *data;       /* [0, at) is done, [at, len) not yet */
	size_t at, len, cap;
	struct digest *digest; /* of what is done */
	struct buf *copy;      /* which is added to this too; NULL: nobody wants it */
	int64_t done;          /* bytes */
};

struct my_part {
	enum {
		MY_PART_STATEMENT,
		MY_PART_MARK, /* text: what stands behind MY_DUMP_MARK */
		MY_PART_END
	} kind;
	char *text; /* ends with a NUL, until the next call */
	size_t len;
};

/* Zero-initialise; close it whatever this returns. ERR_DATABASE when it is no dump of ours. */
bool my_script_open(struct my_script *script, const char *path, struct err *err);
void my_script_from(struct my_script *script, const char *text, size_t len);
void my_script_close(struct my_script *script);

/* ERR_DATABASE when it ends in its middle, or its digest is another. */
bool my_script_next(
    struct my_script *script, struct my_part *part, const struct stop *stop, struct err *err);

/* Name or number in a mark of this kind, "" when it has none; NULL: it is another. Changes it. */
char *my_mark(struct my_part *part, const char *kind);

/* --- restore_define.c --- */

/* The session's database, and those of ours beside it for a restore. Texts live in the arena. */
struct my_places {
	const char *live, *fresh, *old;
};
void my_places(struct my_places *places, const char *database, struct arena *arena);

/*
 * A table in `old`, with what is needed to go back or on: SQL. The RENAME that is the swap gives it
 * the other name, so its name tells what was done, whoever looks.
 */
#define MY_BEFORE "db_entry_restore"
#define MY_AFTER  "db_entry_restored"

/* In what could wait for others, so that it is known for ours when we are no more. */
#define MY_OURS "/* db-entry restore */ "

#define MY_SET_MODE "SET SESSION sql_mode = '" MY_DUMP_MODE "'"

/* Make those of ours, with that table; or remove them. */
bool my_places_make(
    struct my_db *s, struct my_db *side, const struct my_places *places, struct err *err);
bool my_places_remove(struct my_db *side, const struct my_places *places, struct err *err);

/*
 * Run the definitions of a dump, or triggers, in the side's present database. `rehearsed`: for
 * trying them only; events are left out then, and what can't be told without the others.
 */
bool my_define(struct my_db *side, const struct my_places *places, const char *text, size_t len,
    bool rehearsed, struct err *err);

bool my_drop_triggers(struct my_db *side, const char *database, struct err *err);

/* Whatever is no table. */
bool my_drop_definitions(struct my_db *side, const char *database, struct err *err);

/* --- restore_swap.c --- */

/*
 * What stands in `fresh` and the definitions take the place of what stands in `live`. When it fails
 * all is as it was, unless the retry is ERR_OUTCOME_UNKNOWN.
 */
bool my_swap(struct my_db *side, const struct my_places *places, const char *definitions,
    size_t len, struct err *err);

/* What is left of it behind the RENAME; may be done again from any point. */
bool my_finish(struct my_db *side, const struct my_places *places, const char *definitions,
    size_t len, struct err *err);

/* --- restore_marks.c --- */

/* Triggers as my_dump_triggers() wrote them, where they are missing. Ends soon when somebody is in
 * the way. Changes side->stop. */
bool my_put_triggers_back(
    struct my_db *side, const struct my_places *places, const char *text, struct err *err);

struct my_marks {
	bool before, after; /* which of the table's two names is there */
	bool empty;         /* nothing is in the database that has it */
};

bool my_restore_marks(
    struct my_db *s, const struct my_places *places, struct my_marks *marks, struct err *err);

/* --- restore_heal.c --- */

/* Undo what a restore that was cut off has left, or bring it to its end. The lock is held. */
bool my_restore_heal(struct my_db *s, struct err *err);

#endif

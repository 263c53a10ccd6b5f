/*
 * The proof: what was in the database when the run began is still there before COMMIT.
 *
 * Behind BEGIN a cursor over the catalogs is declared, and read when all statements are done: for
 * each relation the transaction has locked for more than reading it tells what that was and what
 * has become of it, with the rows inserted, updated and deleted (sql/proof_before.sql). A table
 * with rows that was dropped, rewritten, altered or not only added to is a suspect. Then all is
 * rolled back and done once more, with a hash of each of its rows kept in a temporary table, to be
 * found again at the end.
 *
 * Free of all that: what this run made, and tables it found without rows, unless they were written
 * by a transaction that read, too, what is not free: they may hold the last copy.
 */
#ifndef DB_ENTRY_DB_POSTGRES_PROOF_H
#define DB_ENTRY_DB_POSTGRES_PROOF_H

#include "base/buf.h"
#include "db/postgres/postgres.h"

enum {
	PROOF_SQL_MOST = 64 << 20,
	PROOF_SAMPLES = 5,
	PROOF_CATALOG = 'C', /* the kind of the server's own tables */
	FIRST_OID = 16384    /* of what is not the server's own */
};

/* A time as a number, whatever the session's settings and search path. */
#define PROOF_MICROSECONDS(time)                                                                   \
	"pg_catalog.int8(pg_catalog.float8mul(pg_catalog.date_part('epoch', " time "), 1000000))"

/* Sorted, each once. */
struct proof_set {
	uint64_t *items;
	size_t count, capacity;
};

struct proof_column {
	int number;
	uint32_t type;
	int modifier; /* of the type: its length, its digits; -1 */
	bool generated;
	const char *name;
};

struct proof_columns {
	struct proof_column *items;
	size_t count;
};

/* A relation as it is at the end. */
struct proof_now {
	uint32_t
	    oid; /* another than that of the relation whose name it has now, when that is gone */
	char kind, persistence;
	const char *schema, *name;
	const char *value; /* of a sequence; NULL: never used, or not to be seen */
	bool readable;     /* all its rows can be compared */
	const char *users; /* columns that hold its type, "table:number …", by oid; NULL: none */
	struct proof_columns columns;
};

/* One that the transaction touched; without `then`, it was not there before. */
struct proof_relation {
	uint32_t oid, parent;
	bool reads, writes, alters; /* by the locks it has */
	bool then, rewritten, gone;
	bool filed; /* of one that was not there: it has a file, unlike a foreign table */
	bool blank, populated;
	char kind, persistence;
	const char *schema, *name, *value;
	const char *title; /* of one that is altered: as it is called now */
	int64_t inserted, updated, deleted;
	struct proof_columns columns;
	struct proof_now *now; /* NULL: not asked, or nothing there */
	bool free;
	bool excused; /* its updates were all under a WHERE that told them apart */
	bool filled;  /* all its rows are this transaction's */
	bool suspect;
};

struct proof_facts {
	struct proof_relation *relations; /* by oid */
	size_t count;
	int64_t objects_deleted, pages_changed; /* of large objects */
	bool meets_ours;                        /* our own tables, perhaps */
	bool schemas;                           /* were made, dropped or renamed */
	bool triggers_off;                      /* session_replication_role */
	bool temporary;                         /* the session has temporary objects, perhaps */
};

/* What becomes of a column from before. */
struct proof_match {
	enum {
		PROOF_KEPT,
		PROOF_RETYPED, /* kept, in another type */
		PROOF_NAMED,   /* it is gone, and another has its name */
		PROOF_LOST,
		PROOF_SKIPPED /* generated, or free */
	} state;
	uint32_t now; /* its type */
	const char *name;
	int64_t values; /* not NULL; of PROOF_NAMED and PROOF_LOST */
};

/* A suspect, or the partitioned table it is part of: what the second pass compares. */
struct proof_target {
	uint32_t oid;
	char kind;
	const char *schema, *name;
	bool readable;
	struct proof_columns columns;
	struct proof_match *matches;
	/* Of the second pass. */
	uint32_t kept; /* the temporary table with its hashes */
	int64_t hashes;
	bool gone; /* and nothing has its name */
	int64_t rows;
	int64_t lost;        /* with PROOF_NAMED and PROOF_RETYPED columns */
	int64_t lost_kept;   /* without */
	const char *samples; /* "hash:hash …" of those lost; "" */
	bool samples_kept;   /* they are without those columns */
	bool unclear;        /* it could not be compared */
};

/* An UPDATE under a WHERE. */
struct proof_update {
	const char *schema, *name; /* `schema` NULL: not said */
	int64_t rows;
	const struct sql_statement *statement;
};

struct proof_sequence {
	uint32_t oid;
	bool used;
	int64_t value, increment; /* 0: it begins again by itself */
	uint32_t owner;           /* 0: none */
	int owner_column;
};

struct pg_proof {
	struct arena run;                 /* as long as the session */
	struct arena transaction;         /* what is known of this one */
	struct arena again;               /* `targets` */
	bool started;                     /* `sequences` are as they are */
	bool asked;                       /* once, and `past` is known: */
	bool past;                        /* there was something when the run began */
	struct proof_set free;            /* oid << 16 | column; 0 for all of it */
	struct proof_set made, taken;     /* at COMMIT: to add to it, to take from it */
	struct proof_set own;             /* relations this run made, free or not */
	struct proof_set full;            /* found to have rows from before */
	struct proof_set born, spent;     /* at COMMIT: to add to it, to take from it */
	struct proof_set counted;         /* relations whose counters may not be 0 */
	struct proof_set touched;         /* sequences it set or took from, when `looked` */
	bool looked;                      /* what it did is known */
	bool uncounted;                   /* any may be */
	const char *counters;             /* as they were when this one began */
	const char *declared;             /* microseconds: when its cursor was */
	struct proof_sequence *sequences; /* by oid */
	struct proof_sequence *moved;     /* the same, as of the end of this transaction */
	size_t sequence_count;
	struct proof_update *updates;
	size_t update_count, update_capacity;
	bool ran;      /* a statement, since BEGIN */
	bool role;     /* one that speaks of session_replication_role */
	bool detailed; /* the second pass */
	struct proof_target *targets;
	size_t target_count;
	const char *reason; /* why none can be compared, in `again`; NULL */
};

/* proof.c: hooks of the driver */

/* With the session, and until it ends. */
void pg_proof_new(struct pg_db *s);
void pg_proof_close(struct pg_db *s);
/* Before BEGIN; asks the server once a run, and again behind statements outside a transaction. */
bool pg_proof_start(struct pg_db *s, struct err *err);
/* Adds to the script behind BEGIN. */
void pg_proof_begin(struct pg_db *s, struct buf *sql);
/* Adds columns, each behind a comma, to its last SELECT. */
void pg_proof_count_before(struct pg_db *s, struct buf *sql);
/* That is done; what its last SELECT said. */
void pg_proof_begun(struct pg_db *s, const struct db_rows *rows);
/* True when the script may have failed for what the proof reads: it goes on without that. */
bool pg_proof_give_up(struct pg_db *s, const struct err *err);
/* A migration's statement; ERR_DESTRUCTIVE, ERR_DATABASE when the proof would not see what it does.
 */
bool pg_proof_before(struct pg_db *s, const struct sql_statement *statement, struct err *err);
void pg_proof_after(struct pg_db *s, const struct sql_statement *statement, const char *tag);
void pg_proof_committed(struct pg_db *s);
void pg_proof_rolled_back(struct pg_db *s);

/* proof_set.c */
bool pg_proof_set_has(const struct proof_set *set, uint64_t item);
void pg_proof_set_add(struct proof_set *set, uint64_t item);
void pg_proof_set_remove(struct proof_set *set, uint64_t item);
void pg_proof_set_clear(struct proof_set *set);
static inline uint64_t pg_proof_key(uint32_t oid, int column)
{
	return (uint64_t)oid << 16 | (uint16_t)column;
}

/* proof_words.c: what a statement says */
bool pg_proof_refuses(const struct sql_statement *statement, struct err *err);
/* It may write rows that it reads elsewhere. */
bool pg_proof_may_copy(const struct sql_statement *statement);
bool pg_proof_says(const struct sql_statement *statement, const char *word);
/* The table an UPDATE is of; texts in the arena, folded as the server does. */
bool pg_proof_update_of(
    struct proof_update *update, const struct sql_statement *statement, struct arena *arena);

/* proof_facts.c: what happened */
/* Has the column, or the table with column 0, nothing from before the run? */
bool pg_proof_is_free(
    const struct pg_proof *proof, const struct proof_facts *facts, uint32_t oid, int column);
bool pg_proof_read(struct pg_db *s, struct proof_facts *facts, struct err *err);
/* What those are now that may be suspects. */
bool pg_proof_read_now(struct pg_db *s, struct proof_facts *facts, struct err *err);
struct proof_relation *pg_proof_find(const struct proof_facts *facts, uint32_t oid);
/* The partitioned table, or the one inherited from, that it is part of; itself when there is none.
 */
struct proof_relation *pg_proof_root(
    const struct proof_facts *facts, struct proof_relation *relation);
bool pg_proof_is_named(const struct proof_update *update, const struct proof_relation *relation);
/* Tables whose updates were all told by their WHERE, of `most` rows each, are excused, as far as
 * counters tell. */
void pg_proof_excuse(struct pg_db *s, const struct proof_facts *facts, int64_t most);
/* Updates told by their WHERE, tables found without rows, sequences: as far as counting must help.
 */
bool pg_proof_count(struct pg_db *s, struct proof_facts *facts, struct err *err);

/* proof_rows.c: the second pass */
void pg_proof_match_columns(
    struct pg_db *s, const struct proof_relation *relation, struct proof_match *matches);
/* Adds to the script behind what pg_proof_count_before() asks; its last SELECT tells what it kept.
 */
void pg_proof_keep_rows(struct pg_db *s, struct buf *sql);
void pg_proof_rows_kept(struct pg_db *s, const struct db_rows *rows);
/* None of the targets can be compared, for this reason. */
void pg_proof_compare_nothing(struct pg_proof *proof, const char *reason);
bool pg_proof_compare(struct pg_db *s, const struct proof_facts *facts, struct err *err);
bool pg_proof_sample(struct pg_db *s, const struct proof_target *target, const char *key,
    struct arena *arena, const char **keys, struct err *err);

void pg_proof_add_name(struct buf *sql, const char *schema, const char *name);
void pg_proof_add_identifier(struct buf *sql, const char *name);

#endif

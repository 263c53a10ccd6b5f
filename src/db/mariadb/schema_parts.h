/* What reading the schema, its canonical form and the making of statements share. */
#ifndef DB_ENTRY_DB_MARIADB_SCHEMA_PARTS_H
#define DB_ENTRY_DB_MARIADB_SCHEMA_PARTS_H

#include "base/digest.h"
#include "db/mariadb/mariadb.h"
#include "db/mariadb/show.h"

/* --- catalog.c --- */

/* Whoever is given rows as they come; false with the err ends it. */
struct my_taker {
	bool (*take)(void *context, const struct my_row *row, struct err *err);
	void *context;
};

/*
 * All rows of the catalog of the session's database, of whatever result they are; which it is says
 * the name of the first column. The session's settings are as before when it returns.
 */
bool my_catalog(struct my_db *s, const struct my_taker *taker, struct err *err);

/* Queries that go with the request for the catalog, before it. */
struct my_before {
	const char *const *queries;
	size_t count;
	struct my_taker taker; /* of their rows: row.result says of which they are */
};

/* Not in a session, or on a server, whose settings have to be changed for it: my_catalog_alone().
 */
bool my_catalog_behind(
    struct my_db *s, const struct my_before *before, const struct my_taker *taker, struct err *err);
bool my_catalog_alone(const struct my_db *s);

/* --- schema_read.c --- */

/*
 * Read what is there into r->schema, which is empty but for its kinds, and not settled afterwards;
 * the rest of *r is filled in. The digest is that of the fingerprint.
 */
bool my_schema_read(struct my_db *s, struct my_reading *r, char digest[65], struct err *err);

/* Add a row of the catalog to the digest. */
void my_digest_row(struct digest *digest, const struct my_row *row);

/* Into *r what is known of the session, and a row of sql/collations.sql, in the arena. */
void my_reading_begin(struct my_reading *r, struct my_db *s);
void my_reading_collation(struct my_reading *r, const char *const *cells);

/* --- schema_ddl.c: statements that make what an object says --- */

enum my_ddl {
	MY_DDL_WHOLE, /* all of it; of a table with its columns, keys, checks and partitions */
	MY_DDL_BARE,  /* of a table one column, MY_DDL_NAME, and what is no part */
	MY_DDL_PART   /* a column, key or check for a table that is there */
};

/* What keys and checks without a name are called there, with their place in `written` behind it. */
#define MY_DDL_NAME "db_entry_"

/* One statement for an object of `written`, in the current database. False when there is none: for
 * what only points at other things by name, or is kept as it is written. */
bool my_ddl(
    const struct schema *written, size_t object, enum my_ddl what, bool maria, struct buf *out);

/* --- schema_types.c --- */

/* A type in the server's words. */
const char *my_plain_type(const struct my_reading *r, const char *written);

/* A default, or what stands behind ON UPDATE, of a column of that type, which may be NULL. */
const char *my_plain_default(const struct my_reading *r, const char *written, const char *type);

/* --- schema_rules.c --- */

/*
 * A copy of what people wrote in which nothing is said that goes without saying, and types are
 * called as the server calls them: all that can be known without it. Settled.
 */
void my_plain_copy(struct my_reading *r, const struct schema *written, const struct schema *live,
    struct schema *plain);

/* --- scratch.c: a database to make things in, over a connection of its own --- */

struct my_scratch {
	struct my_db session; /* in the scratch database */
	char name[64];
	bool made;
};

/*
 * Made with this default collation; NULL: the server's. What killed runs left is removed first.
 * False when the server does not let us; it has to be closed all the same.
 */
bool my_scratch_open(
    struct my_db *s, struct my_scratch *scratch, const char *collation, struct err *err);

/* Drop it, whatever happened meanwhile, and close the connection. */
void my_scratch_close(struct my_db *s, struct my_scratch *scratch);

/* Drop those of runs that live no more, as far as we may. False: the connection is lost. */
bool my_scratch_sweep(struct my_db *s, struct err *err);

/* --- for the driver's table --- */

bool my_read_schema(struct db *db, struct schema *ret, struct arena *arena, const struct stop *stop,
    struct err *err);
bool my_fingerprint(struct db *db, char hex[65], const struct stop *stop, struct err *err);
bool my_canonicalise(struct db *db, const struct schema *written, const struct schema *live,
    struct schema *ret, struct arena *arena, const struct stop *stop, struct err *err);

#endif

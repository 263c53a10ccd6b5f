/*
 * The snapshot: what the last change of ours left, in one row of db_entry_snapshot. It tells the
 * next start whether somebody else changed the schema since (drift), and what was found when it was
 * compared with the mirror (the verdict), without reading a catalog.
 *
 * It is written in the transaction of every change, so what it says is never ahead of the history:
 * whoever reads one whose `history` is not the history's digest has met a change that was cut off,
 * and judges nothing by it.
 */
#ifndef DB_ENTRY_MIGRATE_SNAPSHOT_H
#define DB_ENTRY_MIGRATE_SNAPSHOT_H

#include "base/buf.h"
#include "base/digest.h"
#include "migrate/history.h"

enum {
	SNAPSHOT_FORMAT = 1, /* of the catalog kept; another one means record anew */
	SNAPSHOT_ENGINE = 128
};

enum snapshot_verdict {
	SNAPSHOT_UNJUDGED, /* no mirror, or the history was not the image's */
	SNAPSHOT_MATCHES,
	SNAPSHOT_EXTRA,  /* the database has objects the mirror does not state */
	SNAPSHOT_MISSING /* it lacks what the mirror states */
};

struct snapshot {
	bool exists;
	int64_t format;
	char engine[SNAPSHOT_ENGINE];     /* "SQLite 3.40.1" */
	char history[DIGEST_HEX + 1];     /* history_digest() */
	char fingerprint[DIGEST_HEX + 1]; /* the driver's, of the live catalog */
	char mirror[DIGEST_HEX + 1];      /* of what was judged by; "" when there was nothing */
	enum snapshot_verdict verdict;
	int64_t differences; /* objects, for SNAPSHOT_EXTRA and SNAPSHOT_MISSING */
};

/* What the history says, as a digest: versions, checksums and states in the order of application.
 */
void history_digest(const struct history *history, char hex[DIGEST_HEX + 1]);

/* Is a migration begun and not finished? */
bool history_is_unfinished(const struct history *history);

/*
 * history_read(), snapshot_read() and the fingerprint are asked next, in this order and with
 * nothing else between: a driver that can asks for all at once.
 */
void snapshot_ahead(struct db *db);

/* The row but its catalog. A database without one, or a row nobody understands, is none. */
bool snapshot_read(
    struct snapshot *snapshot, struct db *db, const struct stop *stop, struct err *err);

/* The catalog of the row, as text of a mirror. ERR_UNEXPECTED when it is gone or damaged. */
bool snapshot_read_catalog(
    struct buf *catalog, struct db *db, const struct stop *stop, struct err *err);

/*
 * Take the place of the row there was. `catalog` NULL keeps the one it has. In a transaction, with
 * our tables there.
 */
bool snapshot_write(const struct snapshot *snapshot, const struct buf *catalog, struct db *db,
    const struct history_run *run, const struct stop *stop, struct err *err);

#endif

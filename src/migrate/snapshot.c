#include "migrate/snapshot.h"
#include "base/pack.h"
#include "base/text.h"
#include "migrate/own.h"
#include <stdio.h>
#include <string.h>

enum {
	PACKED_MAX = 64 << 20
};

static const char *const verdicts[] = {
    [SNAPSHOT_UNJUDGED] = "unjudged",
    [SNAPSHOT_MATCHES] = "matches",
    [SNAPSHOT_EXTRA] = "extra",
    [SNAPSHOT_MISSING] = "missing",
};

enum {
	VERDICTS = sizeof(verdicts) / sizeof(verdicts[0])
};

enum column {
	COLUMN_FORMAT,
	COLUMN_ENGINE,
	COLUMN_HISTORY,
	COLUMN_FINGERPRINT,
	COLUMN_MIRROR,
	COLUMN_VERDICT,
	COLUMN_DIFFERENCES,
	COLUMNS
};

static void add_field(struct digest *digest, const char *text)
{
	digest_add(digest, text, strlen(text) + 1);
}

void history_digest(const struct history *history, char hex[DIGEST_HEX + 1])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	for (size_t i = 0; i < history->count; i++) {
		add_field(digest, history->rows[i].version);
		add_field(digest, history->rows[i].checksum);
		add_field(digest, history_state_name(history->rows[i].state));
	}
	digest_hex(digest, hex);
}

bool history_is_unfinished(const struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->rows[i].state == HISTORY_STARTED)
			return true;
	return false;
}

static bool take(char *out, size_t size, const char *cell)
{
	if (cell == NULL || strlen(cell) >= size)
		return false;
	memcpy(out, cell, strlen(cell) + 1);
	return true;
}

static bool take_verdict(enum snapshot_verdict *verdict, const char *cell)
{
	for (int i = 0; i < VERDICTS; i++) {
		if (!text_is(verdicts[i], cell))
			continue;
		*verdict = (enum snapshot_verdict)i;
		return true;
	}
	return false;
}

static bool take_number(int64_t *number, const char *cell)
{
	struct err ignored; /* then the row is none */
	return cell != NULL && text_int(cell, 0, INT64_MAX / 2, number, &ignored);
}

static bool understand(struct snapshot *s, const char *const *cells)
{
	return take_number(&s->format, cells[COLUMN_FORMAT]) &&
	       take(s->engine, sizeof(s->engine), cells[COLUMN_ENGINE]) &&
	       take(s->history, sizeof(s->history), cells[COLUMN_HISTORY]) &&
	       take(s->fingerprint, sizeof(s->fingerprint), cells[COLUMN_FINGERPRINT]) &&
	       take(s->mirror, sizeof(s->mirror), cells[COLUMN_MIRROR]) &&
	       take_verdict(&s->verdict, cells[COLUMN_VERDICT]) &&
	       take_number(&s->differences, cells[COLUMN_DIFFERENCES]);
}

/* Something of that name that is not ours would stop every start. */
static bool blame(struct err *err)
{
	if (err->kind != ERR_DATABASE || err->retry != ERR_FATAL || err->next[0] != '\0')
		return false;
	err_context(err, "db_entry_snapshot can't be used");
	return err_next(err, "if it is not as db-entry made it, drop it: it is made anew");
}

static const char read_sql[] =
    "SELECT format, engine, history, fingerprint, mirror, verdict, differences"
    " FROM own.db_entry_snapshot";

void snapshot_ahead(struct db *db)
{
	static const char *const queries[] = {history_read_sql, read_sql};
	own_ahead(db, queries, sizeof(queries) / sizeof(queries[0]));
}

bool snapshot_read(
    struct snapshot *snapshot, struct db *db, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct snapshot found = {.exists = true};
	struct db_rows rows = {.count = 0};
	bool has;
	if (!db->driver->has_table(db, "db_entry_snapshot", &has, stop, err))
		return false;
	if (has && !own_query(db, read_sql, NULL, 0, &arena, &rows, stop, err))
		return blame(err);
	/* Two rows would be somebody's doing: neither can be trusted. */
	bool one = rows.count == 1 && rows.columns == COLUMNS && understand(&found, rows.cells);
	*snapshot = one ? found : (struct snapshot){.exists = false};
	return true;
}

bool snapshot_read_catalog(
    struct buf *catalog, struct db *db, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!own_query(
		db, "SELECT catalog FROM own.db_entry_snapshot", NULL, 0, &arena, &rows, stop, err))
		return false;
	if (rows.count != 1 || rows.cells[0] == NULL)
		return err_set(err, ERR_UNEXPECTED, "the snapshot of the schema is gone");
	return unpack_text(rows.cells[0], catalog, err);
}

static bool update(const struct snapshot *s, struct db *db, const struct history_run *run,
    const char *now, const struct stop *stop, struct err *err)
{
	return OWN_CHANGE(db,
	    "UPDATE own.db_entry_snapshot SET history = ?, fingerprint = ?, mirror = ?,"
	    " verdict = ?, differences = ?, run_id = ?, recorded_at = ?",
	    stop, err, own_text(s->history), own_text(s->fingerprint), own_text(s->mirror),
	    own_text(verdicts[s->verdict]), own_number(s->differences), own_text(run->id),
	    own_text(now));
}

static bool replace(const struct snapshot *s, const char *catalog, struct db *db,
    const struct history_run *run, const char *now, const struct stop *stop, struct err *err)
{
	return own_change(db, "DELETE FROM own.db_entry_snapshot", NULL, 0, stop, err) &&
	       OWN_CHANGE(db,
		   "INSERT INTO own.db_entry_snapshot (format, engine, history, fingerprint,"
		   " mirror, verdict, differences, catalog, run_id, recorded_at)"
		   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		   stop, err, own_number(s->format), own_text(s->engine), own_text(s->history),
		   own_text(s->fingerprint), own_text(s->mirror), own_text(verdicts[s->verdict]),
		   own_number(s->differences), own_text(catalog), own_text(run->id), own_text(now));
}

bool snapshot_write(const struct snapshot *snapshot, const struct buf *catalog, struct db *db,
    const struct history_run *run, const struct stop *stop, struct err *err)
{
	char now[TEXT_TIME_SIZE];
	CLEANUP(buf_free) struct buf packed = buf_init(PACKED_MAX);
	text_now(now);
	if (catalog == NULL)
		return update(snapshot, db, run, now, stop, err) || blame(err);
	pack_text(catalog->data, catalog->len, &packed);
	if (packed.overflow)
		return err_set(err, ERR_UNEXPECTED, "the schema is too large to be kept");
	return replace(snapshot, packed.data, db, run, now, stop, err) || blame(err);
}

/*
 * Restoring: into a database of our own beside the present one, where everything is made, filled,
 * counted and tried; only then all tables change places in one RENAME, which others see whole or
 * not at all. DDL can't be rolled back here, and emptying the present database first would leave
 * nothing when the rest fails.
 */
#include "base/fs.h"
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEFINITIONS_MOST = 512 << 20,
	TAIL = 512,
	PACKET_EXTRA = 1024,
	BEAT_MS = 2000,
	NOTE = 64,
	CLEANUP_MS = 30000
};

struct restoring {
	struct my_db *s;
	struct my_db side;
	const char *path;
	const struct stop *stop;
	struct my_places places;
	struct my_script script;
	struct buf definitions;
	const char *table; /* whose rows are read; NULL: none */
	int64_t rows;      /* of it, that went in */
	bool ended;        /* what follows is the session's, not the database's */
	const struct db_progress *progress;
	int64_t total, began, beat;
	struct arena arena;
};

static void alive(void *context)
{
	struct restoring *r = context;
	char note[NOTE], elapsed[32];
	int64_t now = stop_now(), done = r->script.done;
	if (now - r->beat >= BEAT_MS) {
		r->beat = now;
		text_elapsed(now - r->began, elapsed, sizeof(elapsed));
		snprintf(note, sizeof(note), "restoring a dump, %s", elapsed);
		my_lock_note(&r->s->base, note);
		r->s->stop = *r->stop;
	}
	if (r->progress != NULL && r->progress->show != NULL)
		r->progress->show(r->progress->context, done, done > r->total ? done : r->total);
}

/* --- Before anything is made --- */

/* The last line says how long the longest statement is. */
static bool read_longest(struct restoring *r, int64_t *longest, struct err *err)
{
	CLEANUP(fs_close) int fd = open(r->path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	char tail[TAIL + 1];
	if (fd < 0 || fstat(fd, &info) != 0)
		return err_errno(err, ERR_DATABASE, "can't open %s", r->path);
	r->total = info.st_size;
	ssize_t n = pread(fd, tail, TAIL, info.st_size > TAIL ? info.st_size - TAIL : 0);
	tail[n < 0 ? 0 : n] = '\0';
	const char *found = strstr(tail, " longest=");
	*longest = found == NULL ? 0 : strtoll(found + strlen(" longest="), NULL, 10);
	return true;
}

static bool check_packet(struct restoring *r, struct err *err)
{
	struct db_rows rows;
	int64_t longest = 0;
	if (!read_longest(r, &longest, err) ||
	    !my_ask(&r->side, "SELECT @@max_allowed_packet", &r->arena, &rows, err))
		return false;
	if (longest + PACKET_EXTRA <= strtoll(rows.cells[0], NULL, 10))
		return true;
	err_set(err, ERR_DATABASE,
	    "the dump holds a row of %" PRId64 " bytes, the server takes %s at once", longest,
	    rows.cells[0]);
	return err_next(err, "as an administrator: SET GLOBAL max_allowed_packet = %" PRId64 ";",
	    (longest / (1 << 20) + 2) << 20);
}

/* A foreign key from elsewhere would go along with the old table, and be lost with it. */
static bool check_references(struct restoring *r, struct err *err)
{
	struct db_rows rows;
	if (!my_side_ask(&r->side, &r->arena, &rows, err,
		"SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME"
		" FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = %t"
		" AND TABLE_SCHEMA <> %t LIMIT 1",
		r->places.live, r->places.live))
		return false;
	if (rows.count == 0)
		return true;
	err_set(err, ERR_DATABASE, "table %s of database %s refers to %s", rows.cells[1],
	    rows.cells[0], rows.cells[3]);
	return err_next(err,
	    "ALTER TABLE `%s`.`%s` DROP FOREIGN KEY `%s`; then restore, and add it again",
	    rows.cells[0], rows.cells[1], rows.cells[2]);
}

/* --- Filling --- */

/* Did a value become another one? */
static bool is_harmless(struct restoring *r, const char *code, bool *harmless, struct err *err)
{
	static const char *const changes[] = {"1264", "1366", "1406"};
	struct db_rows rows;
	*harmless = true;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		*harmless = *harmless && !text_is(code, changes[i]);
	if (!text_is(code, "1265"))
		return true;
	/* The error value of an enum is told so, when it is put in again. */
	if (!my_side_ask(&r->side, &r->arena, &rows, err,
		"SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %t AND TABLE_NAME ="
		" %t AND DATA_TYPE = 'enum' LIMIT 1",
		r->places.fresh, r->table))
		return false;
	*harmless = rows.count > 0;
	return true;
}

static bool look_at_warnings(struct restoring *r, struct err *err)
{
	struct db_rows rows;
	bool harmless;
	if (!my_ask(&r->side, "SHOW WARNINGS", &r->arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++) {
		const char *const *cells = rows.cells + i * rows.columns;
		if (!is_harmless(r, cells[1], &harmless, err))
			return false;
		if (!harmless)
			return err_set(err, ERR_DATABASE,
			    "table %s would not be as in the dump: %s", r->table, cells[2]);
	}
	return true;
}

static bool run(struct restoring *r, const struct my_part *part, struct err *err)
{
	if (!r->s->server.maria && text_starts(part->text, "/*M!"))
		return true; /* MariaDB's alone; for others there is nothing in it */
	struct my_request request = {.sql = part->text, .len = part->len};
	if (!my_request(&r->side, &request, err))
		return r->table == NULL ? false : err_context(err, "table %s", r->table);
	if (r->table == NULL)
		return true;
	r->rows += (int64_t)ma.affected_rows(r->side.conn);
	return request.warnings == 0 || look_at_warnings(r, err);
}

static bool check_count(struct restoring *r, const char *count, struct err *err)
{
	if (r->table != NULL && r->rows != strtoll(count, NULL, 10))
		return err_set(err, ERR_DATABASE, "table %s has %" PRId64 " rows and not %s",
		    r->table, r->rows, count);
	r->table = NULL;
	return true;
}

static bool see_mark(struct restoring *r, struct my_part *part, struct err *err)
{
	const char *text;
	if ((text = my_mark(part, "rows")) != NULL) {
		r->table = arena_strdup(&r->arena, text);
		r->rows = 0;
	} else if ((text = my_mark(part, "count")) != NULL) {
		return check_count(r, text, err);
	} else if (my_mark(part, "definitions") != NULL) {
		r->script.copy = &r->definitions;
	} else if (my_mark(part, "end") != NULL) {
		r->script.copy = NULL;
		r->ended = true;
	}
	return true;
}

/* All but the definitions, which are kept for later. */
static bool load(struct restoring *r, struct err *err)
{
	struct my_part part;
	do {
		if (!my_script_next(&r->script, &part, r->stop, err))
			return false;
		bool due = r->script.copy == NULL && !r->ended;
		if (part.kind == MY_PART_STATEMENT && due && !run(r, &part, err))
			return false;
		if (part.kind == MY_PART_MARK && !see_mark(r, &part, err))
			return false;
		alive(r);
	} while (part.kind != MY_PART_END);
	return !r->definitions.overflow ||
	       err_set(err, ERR_DATABASE, "the definitions in %s are too long", r->path);
}

static bool try_definitions(struct restoring *r, struct err *err)
{
	return my_define(&r->side, &r->places,
	    r->definitions.data == NULL ? "" : r->definitions.data, r->definitions.len, true, err);
}

/* --- All of it --- */

static void clean_up(struct restoring *r)
{
	struct err ignored;
	r->side.stop = stop_cleanup(CLEANUP_MS);
	if (r->side.conn != NULL)
		my_places_remove(&r->side, &r->places, &ignored);
}

/* Tables are to be as they are in the dump, with a primary key or without. */
static void take_any_table(struct my_db *side)
{
	struct err ignored; /* where that is not for us to say, the server says what it wants */
	if (side->server.maria)
		return;
	my_do(side, "SET SESSION sql_require_primary_key = 0", &ignored);
	my_do(side, "SET SESSION sql_generate_invisible_primary_key = 0", &ignored);
}

static bool replace(struct restoring *r, struct err *err)
{
	take_any_table(&r->side);
	if (!my_side_do(&r->side, err, "USE %n", r->places.fresh) || !load(r, err) ||
	    !try_definitions(r, err) || !stop_check(r->stop, err) ||
	    !my_lock_check(&r->s->base, r->stop, err)) {
		clean_up(r);
		return false;
	}
	if (my_swap(&r->side, &r->places, r->definitions.data == NULL ? "" : r->definitions.data,
		r->definitions.len, err))
		return true;
	if (err->retry != ERR_OUTCOME_UNKNOWN)
		clean_up(r);
	return false;
}

static bool restore(struct restoring *r, struct err *err)
{
	if (!my_script_open(&r->script, r->path, err) || !my_restore_heal(r->s, err) ||
	    !my_side_open(&r->side, r->s, err))
		return false;
	r->side.alive = alive;
	r->side.context = r;
	return check_packet(r, err) && check_references(r, err) &&
	       my_places_make(r->s, &r->side, &r->places, err) && replace(r, err);
}

bool my_restore_database(struct db *db, const char *path, const struct db_progress *progress,
    const struct stop *stop, struct err *err)
{
	struct my_db *s = (struct my_db *)db;
	struct restoring r = {.s = s,
	    .path = path,
	    .stop = stop,
	    .progress = progress,
	    .began = stop_now(),
	    .definitions = buf_init(DEFINITIONS_MOST)};
	r.beat = r.began;
	my_places(&r.places, s->server.database, &r.arena);
	bool ok = my_enter(s, stop, err) && restore(&r, err);
	my_side_close(&r.side);
	my_script_close(&r.script);
	buf_free(&r.definitions);
	arena_free(&r.arena);
	return ok;
}

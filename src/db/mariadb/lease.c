/*
 * The lock of a Galera cluster. GET_LOCK() is a node's own, and row locks are too: what excludes
 * among nodes is that of two changes of one row one is not certified. So the row of db_entry_lock
 * is taken by changing it, and is held by who has its token as long as the beat goes on, which a
 * thread with a connection of its own looks after. Who finds another token in it is not the holder
 * any more, however long it slept.
 *
 * A DDL statement halts the whole cluster, the beat too. So those who wait count only time in which
 * they were answered.
 */
#include "base/errand.h"
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "gen/sql.h"
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	BEAT_MS = 2000,
	LEASE_MS = 15000, /* without a beat: its holder is gone */
	GAP_MS = 1000,    /* what a look that was not answered at once counts at the most */
	SQL_BYTES = 8192
};

/* --- The beat --- */

struct heart {
	MYSQL *conn;
	char *sql;
	int stop; /* eventfd */
	atomic_bool over;
};

/* A conflict with our own session is none; anything else it can't mend by itself. */
static bool beat(const struct heart *heart)
{
	if (ma.query(heart->conn, heart->sql, strlen(heart->sql)) == 0)
		return ma.affected_rows(heart->conn) == 1;
	return ma.error_number(heart->conn) == 1213 || ma.error_number(heart->conn) == 1205;
}

static void work(void *task)
{
	struct heart *heart = task;
	struct pollfd fd = {.fd = heart->stop, .events = POLLIN};
	while (poll(&fd, 1, BEAT_MS) == 0 && beat(heart))
		;
	my_drop(&heart->conn);
	heart->over = true;
}

static void drop(void *task)
{
	struct heart *heart = task;
	my_drop(&heart->conn);
	close(heart->stop);
	free(heart->sql);
	free(heart);
}

static void stop_heart(struct my_lease *lease)
{
	const uint64_t one = 1;
	if (lease->errand == NULL)
		return;
	if (write(lease->heart->stop, &one, sizeof(one)) < 0)
		err_die("eventfd");
	errand_leave(&lease->errand);
	lease->heart = NULL;
}

static bool start_heart(struct my_db *s, struct err *err)
{
	struct my_lease *lease = &s->lock.lease;
	struct heart *heart = calloc(1, sizeof(*heart));
	if (heart == NULL ||
	    asprintf(&heart->sql,
		"UPDATE %sdb_entry_lock SET beat = beat + 1 WHERE id = 1 AND token = '%s'",
		s->base.own, lease->token) < 0)
		err_die("out of memory");
	heart->stop = eventfd(0, EFD_CLOEXEC);
	if (heart->stop < 0)
		err_die("eventfd");
	stop_heart(lease);
	if (!my_connect_to(&heart->conn, &s->place, &s->target, &s->stop, err)) {
		drop(heart);
		return err_context(err, "a second connection, to keep the lock");
	}
	if (!errand_begin(&lease->errand, work, drop, heart, err))
		return false;
	lease->heart = heart;
	return true;
}

/* --- The row --- */

enum row_column {
	ROW_TOKEN,
	ROW_BEAT,
	ROW_NODE,
	ROW_HOLDER,
	ROW_SINCE,
	ROW_PROGRESS
};

static const char look_sql[] = "SELECT token, beat, node, holder, since, progress"
			       " FROM own.db_entry_lock WHERE id = 1";

static bool make_row(struct my_db *s, struct arena *arena, struct err *err)
{
	struct err ignored;
	if (!my_own(s, sql_mariadb_lock_table, NULL, 0, arena, NULL, err))
		return false;
	/* Another may be first; then it is there. */
	my_own(s,
	    "INSERT INTO own.db_entry_lock (id, connection, node, token, beat, holder, since,"
	    " progress) VALUES (1, 0, " MY_EMPTY ", " MY_EMPTY ", 0, " MY_EMPTY ", " MY_EMPTY
	    ", " MY_EMPTY ")",
	    NULL, 0, arena, NULL, &ignored);
	return true;
}

static bool look(struct my_db *s, struct arena *arena, struct db_rows *rows, struct err *err)
{
	bool ok = my_own(s, look_sql, NULL, 0, arena, rows, err);
	if (ok && rows->count == 1)
		return true;
	if (!ok && !text_is(err->code, "1146"))
		return false;
	if (!make_row(s, arena, err) || !my_own(s, look_sql, NULL, 0, arena, rows, err))
		return false;
	return rows->count == 1 ||
	       err_set(err, ERR_LOCK, "the row of the migration lock can't be made");
}

/* Which start of which server this node is. */
static bool know_node(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	char *node = s->lock.lease.node;
	if (node[0] != '\0')
		return true;
	if (!my_ask(s, "SHOW GLOBAL STATUS LIKE 'wsrep_gcomm_uuid'", &arena, &rows, err))
		return false;
	snprintf(node, sizeof(s->lock.lease.node), "%s",
	    rows.count == 1 && rows.cells[1] != NULL ? rows.cells[1] : "");
	return true;
}

static void make_token(char token[MY_TOKEN_SIZE])
{
	snprintf(token, MY_TOKEN_SIZE, "%016" PRIx64 "%016" PRIx64,
	    (uint64_t)text_random(INT64_MAX), (uint64_t)text_random(INT64_MAX));
}

/* Has nothing been heard of its holder, in time in which something could have been? */
static bool is_over(struct my_db *s, const char *const *row)
{
	struct my_lease *lease = &s->lock.lease;
	int64_t now = stop_now(), beat = strtoll(row[ROW_BEAT], NULL, 10);
	int64_t gap = now - lease->looked;
	bool same = lease->looked != 0 && lease->seen_beat == beat &&
		    text_is(lease->seen_token, row[ROW_TOKEN]);
	lease->quiet = same ? lease->quiet + (gap < GAP_MS ? gap : GAP_MS) : 0;
	lease->looked = now;
	lease->seen_beat = beat;
	snprintf(lease->seen_token, sizeof(lease->seen_token), "%s", row[ROW_TOKEN]);
	/* What had this node's own lock is not there any more, or we had not got that. */
	bool here = s->lock.local && lease->node[0] != '\0' && text_is(lease->node, row[ROW_NODE]);
	return row[ROW_TOKEN][0] == '\0' || here || lease->quiet >= LEASE_MS;
}

static void tell_holder(const char *const *row, struct db_holder *holder)
{
	*holder = (struct db_holder){0};
	snprintf(holder->who, sizeof(holder->who), "%.250s", row[ROW_HOLDER]);
	snprintf(holder->since, sizeof(holder->since), "%s", row[ROW_SINCE]);
	snprintf(holder->progress, sizeof(holder->progress), "%.200s%sheartbeat %s",
	    row[ROW_PROGRESS], row[ROW_PROGRESS][0] == '\0' ? "" : ", ", row[ROW_BEAT]);
}

/* Only from what was looked at; whoever changed it meanwhile has it. */
static bool change_row(struct my_db *s, const char *const *row, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	char now[TEXT_TIME_SIZE];
	text_now(now);
	const struct db_value values[] = {
	    {.type = DB_TEXT, .text = s->lock.lease.token},
	    {.type = DB_TEXT, .text = s->lock.lease.node},
	    {.type = DB_TEXT, .text = s->lock.name},
	    {.type = DB_TEXT, .text = now},
	    {.type = DB_TEXT, .text = row[ROW_TOKEN]},
	    {.type = DB_INT, .number = strtoll(row[ROW_BEAT], NULL, 10)},
	};
	return my_own(s,
		   "UPDATE own.db_entry_lock SET token = ?, beat = beat + 1, node = ?,"
		   " connection = CONNECTION_ID(), holder = ?, since = ?, progress = " MY_EMPTY
		   " WHERE id = 1 AND token = ? AND beat = ?",
		   values, 6, &arena, NULL, err) ||
	       text_is(err->code, "1213") || text_is(err->code, "1205");
}

/* *ours: the row is. Where a transaction is open it is part of it, and fails with it. */
static bool touch(struct my_db *s, const char *change, bool *ours, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_BYTES);
	buf_printf(&sql, "UPDATE %sdb_entry_lock SET %s WHERE id = 1 AND token = '%s'", s->base.own,
	    change, s->lock.lease.token);
	struct my_request request = {.sql = sql.data, .len = sql.len};
	if (!my_request(s, &request, err))
		return false;
	*ours = request.affected == 1;
	return true;
}

bool my_lease_take(struct my_db *s, bool *taken, struct db_holder *holder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_lease *lease = &s->lock.lease;
	struct db_rows rows;
	if (!know_node(s, err) || !look(s, &arena, &rows, err))
		return false;
	if (!is_over(s, rows.cells)) {
		tell_holder(rows.cells, holder);
		*taken = false;
		return true;
	}
	make_token(lease->token);
	if (!change_row(s, rows.cells, err) || !look(s, &arena, &rows, err))
		return false;
	*taken = text_is(rows.cells[ROW_TOKEN], lease->token);
	if (!*taken) {
		tell_holder(rows.cells, holder);
		return true;
	}
	if (start_heart(s, err))
		return true;
	/* Without a beat it would be lost anyway, but late. */
	struct err ignored;
	bool ours;
	touch(s, "token = " MY_EMPTY, &ours, &ignored);
	return false;
}

bool my_lease_holder(struct my_db *s, struct db_holder *holder, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	if (!look(s, &arena, &rows, err))
		return false;
	tell_holder(rows.cells, holder);
	return true;
}

static bool lost(struct err *err)
{
	err_set(err, ERR_LOCK, "the migration lock is not held any more");
	return err_why(err, "another took it, since no sign of life of this one was seen for %d s",
	    LEASE_MS / 1000);
}

bool my_lease_fence(struct my_db *s, struct err *err)
{
	bool ours = false;
	return s->lock.lease.errand == NULL ||
	       (touch(s, "beat = beat + 1", &ours, err) && (ours || lost(err)));
}

bool my_lease_check(struct my_db *s, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	struct my_lease *lease = &s->lock.lease;
	struct db_rows rows;
	if (lease->errand == NULL)
		return true;
	if (!my_own(s, look_sql, NULL, 0, &arena, &rows, err))
		return false;
	if (rows.count != 1 || !text_is(rows.cells[ROW_TOKEN], lease->token))
		return lost(err);
	return !lease->heart->over || start_heart(s, err);
}

bool my_lease_release(struct my_db *s, struct err *err)
{
	bool ours = false;
	if (s->lock.lease.errand == NULL)
		return true;
	stop_heart(&s->lock.lease);
	return touch(s, "token = " MY_EMPTY ", progress = " MY_EMPTY, &ours, err) &&
	       (ours || lost(err));
}

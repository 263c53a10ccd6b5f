/*
 * The settings of a session that works; made when there is work, not at open. And those of our own
 * SQL between a migration's statements.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include <inttypes.h>
#include <stdio.h>

enum {
	LONGEST_S = 31536000, /* what lock_wait_timeout takes at the most */
	SCRIPT_MAX = 16 * 1024,
};

int64_t my_seconds(int64_t ms)
{
	return ms == 0 ? LONGEST_S : (ms + 999) / 1000;
}

void my_add_limits(const struct my_db *s, struct buf *out)
{
	int64_t lock = my_seconds(s->limits.lock_timeout), run = s->limits.statement_timeout;
	buf_printf(out,
	    "SET SESSION lock_wait_timeout = %" PRId64
	    ", SESSION innodb_lock_wait_timeout = %" PRId64,
	    lock, lock);
	/* MySQL has it for SELECT alone: there it is our own limit, see wire.c. */
	if (s->server.maria)
		buf_printf(out, ", SESSION max_statement_time = %" PRId64 ".%03" PRId64, run / 1000,
		    run % 1000);
}

/* Added to what the server or the user has chosen: what does not fit is an error. */
static void add_mode(struct my_db *s, struct buf *out)
{
	CLEANUP(buf_free) struct buf mode = buf_init(4096);
	buf_printf(&mode, "%s%sSTRICT_TRANS_TABLES,STRICT_ALL_TABLES", s->server.sql_mode,
	    s->server.sql_mode[0] == '\0' ? "" : ",");
	buf_add_text(out, "SESSION sql_mode = ");
	my_literal(s, mode.data, out);
}

static bool refuse_pooler(const struct my_db *s, struct err *err)
{
	err_set(
	    err, ERR_LOCK, "%s is reached through a proxy, and something is to be done", s->label);
	err_why(err, "behind a proxy that shares connections neither the migration lock nor a"
		     " setting belongs to one session");
	return err_next(err,
	    "name the server itself, for this alone: DB_ENTRY_DIRECT_URL=mysql://…:3306/%s",
	    s->server.database);
}

static bool apply(struct my_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	my_add_limits(s, &sql);
	buf_add_text(&sql, ", SESSION session_track_state_change = 1, SESSION autocommit = 1,"
			   " SESSION sql_notes = 1, ");
	add_mode(s, &sql);
	/* Who holds the lock is idle in between; but one that is gone without a word must not keep
	 * it for long. */
	buf_add_text(&sql, ", SESSION wait_timeout = 3600, SESSION net_read_timeout = 600,"
			   " SESSION net_write_timeout = 600");
	if (s->server.galera)
		buf_add_text(&sql, ", SESSION wsrep_sync_wait = 15");
	return my_do(s, sql.data, err);
}

bool my_settle(struct my_db *s, struct err *err)
{
	if (s->settled)
		return true;
	if (s->server.pooler)
		return refuse_pooler(s, err);
	return s->settled = apply(s, err);
}

/* --- For our own SQL between a migration's statements --- */

/* What would change what our statements mean or do; a value of ours, or NULL for sql_mode. */
static const struct {
	const char *name, *value;
	bool outside; /* not to be changed in a transaction */
	bool wsrep;
} ours[] = {
    {"sql_mode", NULL, false, false},
    {"character_set_client", "utf8mb4", false, false},
    {"character_set_results", "utf8mb4", false, false},
    {"collation_connection", "utf8mb4_general_ci", false, false},
    {"sql_select_limit", "18446744073709551615", false, false},
    {"sql_safe_updates", "0", false, false},
    {"autocommit", "1", true, false},
    {"wsrep_on", "1", true, true},
};

static bool counts(const struct my_db *s, size_t i)
{
	return !(ours[i].outside && s->in_transaction) &&
	       (!ours[i].wsrep || (s->server.galera && !s->wsrep_refused));
}

bool my_be_ourselves(struct my_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	const char *comma = "SET ";
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++, comma = ", ")
		if (counts(s, i))
			buf_printf(&sql, "%s@db_entry_%zu = @@SESSION.%s", comma, i, ours[i].name);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!counts(s, i))
			continue;
		buf_add_text(&sql, ", ");
		if (ours[i].value == NULL)
			add_mode(s, &sql);
		else
			buf_printf(&sql, "SESSION %s = %s", ours[i].name, ours[i].value);
	}
	if (my_do(s, sql.data, err))
		return true;
	/* wsrep_on takes SUPER, even for leaving it as it is; who has not that has not changed it.
	 */
	if (!s->server.galera || s->wsrep_refused || !text_is(err->code, "1227"))
		return false;
	s->wsrep_refused = true;
	return my_be_ourselves(s, err);
}

bool my_be_theirs(struct my_db *s, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SCRIPT_MAX);
	const char *comma = "SET ";
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++, comma = ", ")
		if (counts(s, i))
			buf_printf(&sql, "%sSESSION %s = @db_entry_%zu", comma, ours[i].name, i);
	return my_do(s, sql.data, err);
}

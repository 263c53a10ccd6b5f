/*
 * A session beside the one that holds the lock: a dump's transaction, and a restore's settings, are
 * none of that one's, and it stays free for telling those who wait.
 */
#include "base/text.h"
#include "db/mariadb/dump.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum {
	SQL_MOST = 1 << 20,
	PATIENCE_S = 28800 /* for a disk, or a reader, that takes its time */
};

static bool settle(struct my_db *side, struct err *err)
{
	int64_t lock = my_seconds(side->limits.lock_timeout);
	return my_side_do(side, err,
		   "SET SESSION lock_wait_timeout = %d, SESSION innodb_lock_wait_timeout = %d,"
		   " SESSION net_write_timeout = %d, SESSION net_read_timeout = %d,"
		   " SESSION wait_timeout = %d, SESSION autocommit = 1",
		   lock, lock, (int64_t)PATIENCE_S, (int64_t)PATIENCE_S, (int64_t)PATIENCE_S) &&
	       my_do(side,
		   side->server.maria
		       ? "SET SESSION max_statement_time = 0, SESSION idle_transaction_timeout = 0,"
			 " SESSION idle_readonly_transaction_timeout = 0"
		       : "SET SESSION max_execution_time = 0",
		   err);
}

bool my_side_open(struct my_db *side, struct my_db *s, struct err *err)
{
	*side = (struct my_db){
	    .base = s->base,
	    .target = s->target,
	    .place = s->place,
	    .limits = s->limits,
	    .server = s->server,
	    .label = s->label,
	    .stop = s->stop,
	    .settled = true,
	};
	if (!my_connect_to(&side->conn, &s->place, &s->target, &s->stop, err))
		return err_context(err, "a second connection");
	side->server.id = (int64_t)ma.thread_id(side->conn);
	return settle(side, err);
}

void my_side_close(struct my_db *side)
{
	if (side->conn != NULL)
		ma.close(side->conn);
	side->conn = NULL;
	arena_free(&side->arena);
}

static void fill(struct my_db *s, struct buf *sql, const char *format, va_list args)
{
	for (; *format != '\0'; format++) {
		if (*format != '%') {
			buf_add_char(sql, *format);
			continue;
		}
		switch (*++format) {
		case 'n':
			my_name(va_arg(args, const char *), sql);
			break;
		case 't':
			my_literal(s, va_arg(args, const char *), sql);
			break;
		case 'd':
			buf_printf(sql, "%" PRId64, va_arg(args, int64_t));
			break;
		default:
			buf_add_char(sql, '%');
		}
	}
}

bool my_side_ask(struct my_db *s, struct arena *arena, struct db_rows *rows, struct err *err,
    const char *format, ...)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	va_list args;
	va_start(args, format);
	fill(s, &sql, format, args);
	va_end(args);
	return my_ask(s, sql.data, arena, rows, err);
}

bool my_side_do(struct my_db *s, struct err *err, const char *format, ...)
{
	CLEANUP(buf_free) struct buf sql = buf_init(SQL_MOST);
	va_list args;
	va_start(args, format);
	fill(s, &sql, format, args);
	va_end(args);
	return my_do(s, sql.data, err);
}

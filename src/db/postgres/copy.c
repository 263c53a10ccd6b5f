/* COPY between the server and us: its data, without blocking. */
#include "db/postgres/postgres.h"

enum {
	PIECE = 64 * 1024 /* what is handed over at once; libpq keeps what the server can't take */
};

/* It has no room: the server is slow, or wants to be read. */
static bool make_room(struct pg_db *s, const struct stop *stop, struct err *err)
{
	return pg_await(s, POLLIN | POLLOUT, stop, err) &&
	       (pq.consumeInput(s->conn) != 0 || pg_fail_lost(s, err));
}

bool pg_copy_put(
    struct pg_db *s, const char *data, size_t len, const struct stop *stop, struct err *err)
{
	while (len > 0) {
		size_t piece = len < PIECE ? len : PIECE;
		int sent = pq.putCopyData(s->conn, data, (int)piece);
		if (sent < 0)
			return pg_fail_lost(s, err);
		if (sent == 0 && !make_room(s, stop, err))
			return false;
		if (sent == 0)
			continue;
		data += piece;
		len -= piece;
		if (len > 0 && !pg_flush(s, stop, err))
			return false;
	}
	return true;
}

bool pg_copy_end(struct pg_db *s, const char *why, const struct stop *stop, struct err *err)
{
	int sent;
	while ((sent = pq.putCopyEnd(s->conn, why)) == 0)
		if (!make_room(s, stop, err))
			return false;
	return sent > 0 || pg_fail_lost(s, err);
}

bool pg_copy_out(struct pg_db *s, const struct stop *stop, struct err *err)
{
	char *row;
	int len;
	while ((len = pq.getCopyData(s->conn, &row, true)) >= 0) {
		if (len > 0) {
			pq.freemem(row);
			continue;
		}
		if (!pg_await(s, POLLIN, stop, err))
			return false;
		if (pq.consumeInput(s->conn) == 0)
			return pg_fail_lost(s, err);
	}
	return true;
}

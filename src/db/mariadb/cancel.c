/* KILL QUERY, over a connection of its own: the session's is busy. */
#include "db/mariadb/mariadb.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void my_cancel(struct my_db *s, const struct stop *stop)
{
	/* A session without anything but a connection; what goes wrong shows by the statement that
	 * doesn't end. */
	struct my_db other = {.stop = *stop, .rest = *stop, .place = s->place};
	char sql[64];
	struct err ignored;
	snprintf(sql, sizeof(sql), "KILL QUERY %" PRId64, s->server.id);
	if (!my_connect_to(&other.conn, &s->place, &s->target, stop, &ignored))
		return;
	struct my_request request = {.sql = sql, .len = strlen(sql)};
	my_request(&other, &request, &ignored);
	if (other.conn != NULL)
		ma.close(other.conn);
}

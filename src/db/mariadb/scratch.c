/*
 * A database to make things in, over a connection of its own: the session keeps its lock, its
 * settings and its database, whatever happens here. Its name tells when it was made, and a lock of
 * the same name that its maker lives; what is left of a run that was killed, others remove. In a
 * cluster locks are a node's own, and some refuse them: there age alone counts.
 */
#include "base/text.h"
#include "db/mariadb/schema_parts.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define PREFIX "db_entry_scratch_"

enum {
	OLD_S = 86400, /* in a cluster */
	LEAVE_MS = 4000
};

/* db_entry_scratch_65f0a1b2_9c8d7e6f: seconds, and chance. */
static bool is_ours(const char *name, int64_t *made)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(PREFIX);
	if (strncmp(name, PREFIX, len) != 0 || strlen(name) != len + 17 || name[len + 8] != '_' ||
	    strspn(name + len, digits) != 8 || strspn(name + len + 9, digits) != 8)
		return false;
	*made = (int64_t)strtoul(name + len, NULL, 16);
	return true;
}

static void make_name(char *name, size_t size)
{
	uint32_t chance = 0;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = (uint32_t)clock();
	snprintf(name, size, PREFIX "%08" PRIx32 "_%08" PRIx32, (uint32_t)time(NULL), chance);
}

static bool do_with_name(
    struct my_db *s, const char *before, const char *name, const char *after, struct err *err)
{
	CLEANUP(buf_free) struct buf sql = buf_init(4096);
	buf_add_text(&sql, before);
	my_name(name, &sql);
	buf_add_text(&sql, after);
	return my_do(s, sql.data, err);
}

bool my_scratch_sweep(struct my_db *s, struct err *err)
{
	static const char all[] = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
				  " WHERE LEFT(SCHEMA_NAME, 17) = '" PREFIX "'";
	CLEANUP(arena_free) struct arena arena = {0};
	struct db_rows rows;
	struct err ignored;
	int64_t made;
	const char *sql = arena_printf(
	    &arena, "%s%s", all, s->server.galera ? "" : " AND IS_FREE_LOCK(SCHEMA_NAME) = 1");
	if (!my_ask(s, sql, &arena, &rows, err))
		return false;
	for (size_t i = 0; i < rows.count; i++)
		if (is_ours(rows.cells[i], &made) &&
		    (!s->server.galera || made + OLD_S < (int64_t)time(NULL)))
			do_with_name(s, "DROP DATABASE IF EXISTS ", rows.cells[i], "", &ignored);
	return s->conn != NULL || my_fail_lost(s, err);
}

/* As the database has it: what is inherited is to be the same. */
static bool create(
    struct my_db *s, const struct my_scratch *scratch, const char *collation, struct err *err)
{
	CLEANUP(buf_free) struct buf rest = buf_init(4096);
	CLEANUP(buf_free) struct buf lock = buf_init(4096);
	struct err ignored;
	/* Of others it may wait for nothing but a lock on all of the server. */
	if (!my_do(s, "SET SESSION lock_wait_timeout = 5, SESSION wait_timeout = 3600", err))
		return false;
	buf_printf(&lock, "DO GET_LOCK('%s', 0)", scratch->name);
	if (collation != NULL)
		buf_printf(&rest, " COLLATE %s", collation);
	if (!s->server.galera && !my_do(s, lock.data, err))
		return false;
	/* Replicas need not see it; who may not say so makes it all the same. */
	my_do(s, "SET SESSION sql_log_bin = 0", &ignored);
	if (!s->server.maria)
		my_do(s, "SET SESSION sql_require_primary_key = 0", &ignored);
	return do_with_name(s, "CREATE DATABASE ", scratch->name, rest.data, err);
}

static bool settle(struct my_db *s, const char *name, struct err *err)
{
	return my_do(s, "SET SESSION sql_mode = '', SESSION foreign_key_checks = 0", err) &&
	       do_with_name(s, "USE ", name, "", err);
}

bool my_scratch_open(
    struct my_db *s, struct my_scratch *scratch, const char *collation, struct err *err)
{
	struct my_db *own = &scratch->session;
	*scratch = (struct my_scratch){.made = false};
	*own = (struct my_db){
	    .stop = s->stop, .place = s->place, .target = s->target, .server = s->server};
	make_name(scratch->name, sizeof(scratch->name));
	if (!my_connect_to(&own->conn, &s->place, &s->target, &s->stop, err))
		return false;
	own->server.id = (int64_t)ma.thread_id(own->conn);
	if (!my_scratch_sweep(own, err))
		return false;
	scratch->made = true; /* perhaps, when the answer is lost */
	if (!create(own, scratch, collation, err)) {
		scratch->made = own->conn == NULL;
		return false;
	}
	own->server.database = scratch->name;
	return settle(own, scratch->name, err);
}

void my_scratch_close(struct my_db *s, struct my_scratch *scratch)
{
	struct my_db *own = &scratch->session;
	struct err ignored;
	own->stop = stop_cleanup(LEAVE_MS);
	if (scratch->made && own->conn == NULL)
		my_connect_to(&own->conn, &s->place, &s->target, &own->stop, &ignored);
	if (scratch->made && own->conn != NULL)
		do_with_name(own, "DROP DATABASE IF EXISTS ", scratch->name, "", &ignored);
	if (own->conn != NULL)
		ma.close(own->conn);
	own->conn = NULL;
	scratch->made = false;
}

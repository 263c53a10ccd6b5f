/*
 * PostgreSQL URLs: whatever libpq knows is passed on to it, what other drivers call otherwise is
 * translated, and what is theirs alone is left out.
 */
#include "base/text.h"
#include "db/postgres/postgres.h"
#include <string.h>

void pg_target_set(struct pg_target *target, const char *keyword, const char *value)
{
	for (size_t i = 0; i < target->count; i++) {
		if (text_is(target->keywords[i], keyword)) {
			target->values[i] = value;
			return;
		}
	}
	if (target->count == PG_PARAMS_MAX)
		err_die("more connection parameters than libpq has");
	target->keywords[target->count] = keyword;
	target->values[target->count++] = value;
}

const char *pg_target_get(const struct pg_target *target, const char *keyword)
{
	for (size_t i = 0; i < target->count; i++)
		if (text_is(target->keywords[i], keyword))
			return target->values[i];
	return NULL;
}

/* The hosts of the URL as libpq writes them: "a,b", with "5432,5433". */
static void set_hosts(struct pg_target *target, const struct url *url, struct arena *arena)
{
	const char *hosts = "", *ports = "";
	bool any_port = false;
	for (size_t i = 0; i < url->host_count; i++) {
		const char *comma = i == 0 ? "" : ",";
		hosts = arena_printf(arena, "%s%s%s", hosts, comma, url->hosts[i].name);
		ports = arena_printf(arena, "%s%s%s", ports, comma, url->hosts[i].port);
		any_port = any_port || url->hosts[i].port[0] != '\0';
	}
	if (hosts[0] != '\0')
		pg_target_set(target, "host", hosts);
	if (any_port)
		pg_target_set(target, "port", ports);
}

static bool is_true(const char *value)
{
	return text_is(value, "") || text_is(value, "1") || text_is_nocase(value, "true");
}

static const char *quoted(const char *name, struct arena *arena)
{
	CLEANUP(buf_free) struct buf out = buf_init(4096);
	buf_add_char(&out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_add_char(&out, '"');
		buf_add_char(&out, *name);
	}
	buf_add_char(&out, '"');
	return arena_strdup(arena, out.data);
}

/* JDBC, asyncpg and node-postgres: true, or the name of an sslmode. */
static bool set_ssl(struct pg_target *target, const char *value)
{
	static const char *const modes[] = {
	    "disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
	if (is_true(value)) {
		if (pg_target_get(target, "sslmode") == NULL)
			pg_target_set(target, "sslmode", "require");
		return true;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (text_is_nocase(value, modes[i])) {
			pg_target_set(target, "sslmode", modes[i]);
			return true;
		}
	}
	return text_is_nocase(value, "false") || text_is(value, "0");
}

/* JDBC's targetServerType. */
static bool set_server_type(struct pg_target *target, const char *value)
{
	static const char *const types[][2] = {{"any", "any"}, {"primary", "primary"},
	    {"master", "primary"}, {"secondary", "standby"}, {"slave", "standby"},
	    {"preferSecondary", "prefer-standby"}, {"preferSlave", "prefer-standby"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (text_is_nocase(value, types[i][0])) {
			pg_target_set(target, "target_session_attrs", types[i][1]);
			return true;
		}
	}
	return false;
}

/* Parameters that have another name or meaning here than libpq's. */
static bool translate(
    struct pg_target *target, const char *key, const char *value, struct arena *arena)
{
	if (text_is_nocase(key, "schema"))
		target->search_path = quoted(value, arena);
	else if (text_is_nocase(key, "currentSchema") || text_is_nocase(key, "search_path"))
		target->search_path = value;
	else if (text_is_nocase(key, "pgbouncer"))
		target->pooler = is_true(value);
	else if (text_is(key, "sslmode") && text_is(value, "no-verify"))
		pg_target_set(target, "sslmode", "require");
	else if (text_is_nocase(key, "ssl"))
		return set_ssl(target, value);
	else if (text_is_nocase(key, "targetServerType"))
		return set_server_type(target, value);
	else if (text_is(key, "connectTimeout") || text_is(key, "loginTimeout"))
		pg_target_set(target, "connect_timeout", value);
	else
		return false;
	return true;
}

/* What a parameter of libpq would do to us is our business, or impossible. */
static bool is_ours(const char *key)
{
	return text_is(key, "application_name") || text_is(key, "fallback_application_name") ||
	       text_is(key, "client_encoding") || text_is(key, "replication");
}

/* libpq's own name of a parameter, in the arena; NULL when it knows none. */
static const char *known(const PQconninfoOption *options, const char *key)
{
	for (; options != NULL && options->keyword != NULL; options++)
		if (text_is(options->keyword, key))
			return options->keyword;
	return NULL;
}

static void set_params(struct pg_target *target, const struct url *url, struct arena *arena)
{
	PQconninfoOption *options = pq.conndefaults();
	for (size_t i = 0; i < url->param_count; i++) {
		const char *key = url->params[i].key, *value = url->params[i].value;
		if (translate(target, key, value, arena))
			continue;
		if (known(options, key) != NULL && !is_ours(key))
			pg_target_set(target, key, value);
		else
			target->dropped = target->dropped == NULL
					      ? arena_strdup(arena, key)
					      : arena_printf(arena, "%s, %s", target->dropped, key);
	}
	pq.conninfoFree(options);
}

/* Their texts are the caller's business afterwards too: passwords are not copied. */
bool pg_target(struct pg_target *ret, const struct url *url, struct arena *arena, struct err *err)
{
	struct pg_target target = {0};
	const char *database = url->path[0] == '/' ? url->path + 1 : url->path;
	if (!pq_open(err))
		return false;
	if (url->param_count > PG_PARAMS_MAX / 2)
		return err_set(
		    err, ERR_CONFIG, "the database URL has %zu parameters", url->param_count);
	set_hosts(&target, url, arena);
	if (database[0] != '\0')
		pg_target_set(&target, "dbname", database);
	if (url->user != NULL)
		pg_target_set(&target, "user", url->user);
	if (url->password != NULL)
		pg_target_set(&target, "password", url->password);
	set_params(&target, url, arena);
	*ret = target;
	return true;
}

#include "db/postgres/program.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/url.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* Executed anew: what the programs do with their process (exit, signals, secrets) is not ours. */
#define OURSELVES "/proc/self/exe"

#ifdef DB_ENTRY_LINKED
int pg_dump_main(int argc, char **argv);
int pg_restore_main(int argc, char **argv);

const struct db_program pg_programs[] = {
    {"pg_dump", pg_dump_main},
    {"pg_restore", pg_restore_main},
    {0},
};
#else
const struct db_program pg_programs[] = {{0}};
#endif

enum {
	VERSION_MS = 10 * 1000,
	SAID_MAX = 16 * 1024, /* of what a program says, its end */
	LINES = 6,            /* of that in an error */
	LEAST_MAJOR = 10,     /* from here on a major version is one number */
	NEWEST = 18           /* for those who ask without a server */
};

/* Where distributions put what they have of each major version, a folder of it each. */
static const struct {
	const char *folder, *prefix, *rest;
} places[] = {
    {"/usr/lib/postgresql", "", "bin"},     /* Debian, Ubuntu */
    {"/usr/libexec", "postgresql", ""},     /* Alpine */
    {"/usr", "pgsql-", "bin"},              /* PGDG on Red Hat */
    {"/usr/lib64", "pgsql-", "bin"},        /* Gentoo, SUSE */
    {"/usr/lib", "postgresql", "bin"},      /* SUSE */
    {"/opt/bitnami/postgresql", "bin", ""}, /* Bitnami's images */
    {"/usr/local/pgsql", "bin", ""},        /* built from its source */
};

struct candidates {
	const char **paths;
	size_t count, capacity;
	struct arena *arena;
};

/*
 * What Debian has on PATH is a script in Perl, which asks its own settings which cluster is meant;
 * the programs it would start are found by themselves.
 */
static bool is_wrapper(const char *path, struct arena *arena)
{
	const char *real = fs_resolve(arena, path);
	return real != NULL && text_is(fs_name_of(real), "pg_wrapper");
}

static void add(struct candidates *c, const char *path)
{
	if (!fs_is_file(path) || access(path, X_OK) != 0 || is_wrapper(path, c->arena))
		return;
	c->paths = arena_grow(c->arena, c->paths, c->count, &c->capacity, sizeof(*c->paths));
	c->paths[c->count++] = path;
}

static void add_path(struct candidates *c, const char *name)
{
	const char *path = getenv("PATH");
	for (const char *folder = path == NULL ? DEFAULT_PATH : path; folder != NULL;) {
		const char *end = strchrnul(folder, ':');
		if (*folder == '/')
			add(c,
			    arena_printf(c->arena, "%.*s/%s", (int)(end - folder), folder, name));
		folder = *end == ':' ? end + 1 : NULL;
	}
}

static void add_places(struct candidates *c, const char *name)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char **entries;
		size_t count;
		struct err ignored;
		if (!fs_list(places[i].folder, c->arena, &entries, &count, &ignored))
			continue;
		for (size_t j = 0; j < count; j++)
			if (text_starts(entries[j], places[i].prefix))
				add(c, arena_printf(c->arena, "%s/%s/%s%s%s", places[i].folder,
					   entries[j], places[i].rest,
					   places[i].rest[0] == '\0' ? "" : "/", name));
	}
}

/* All there are, in the order in which equally new ones are preferred. */
static struct candidates find_candidates(const char *name, struct arena *arena)
{
	struct candidates c = {.arena = arena};
	add_path(&c, name);
	add_places(&c, name);
	return c;
}

/* "pg_dump (PostgreSQL) 15.4 (Debian 15.4-1)", "… 18beta1" */
static bool read_version(struct pg_program *program, const char *text, struct arena *arena)
{
	static const char before[] = "(PostgreSQL) ";
	const char *at = strstr(text, before);
	if (at == NULL)
		return false;
	at += strlen(before);
	int64_t major;
	struct err ignored;
	const char *digits = arena_strndup(arena, at, strspn(at, "0123456789"));
	if (!text_int(digits, LEAST_MAJOR, 999, &major, &ignored))
		return false;
	program->major = (int)major;
	program->version = arena_strndup(arena, at, strcspn(at, " \n"));
	return true;
}

/* Keep it when it is newer than the one there is. */
static bool look(struct pg_program *newest, struct pg_program program, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	char *argv[] = {(char *)(uintptr_t) "--version", NULL};
	CLEANUP(buf_free) struct buf output = buf_init(1024);
	struct pg_call call = {.program = &program, .argv = argv, .argc = 1};
	struct stop limit = stop_within(stop, VERSION_MS);
	if (!pg_program_read(&call, &output, &limit, err))
		return false;
	if (output.len == 0 || !read_version(&program, output.data, arena))
		return err_set(
		    err, ERR_DATABASE, "%s does not say which version it is", program.title);
	if (program.major > newest->major)
		*newest = program;
	return true;
}

static bool look_at_ours(struct pg_program *newest, const char *name, struct arena *arena,
    const struct stop *stop, struct err *err)
{
	for (const struct db_program *own = pg_programs; own->name != NULL; own++) {
		struct pg_program program = {.path = OURSELVES,
		    .word = arena_printf(arena, DB_PROGRAM_PREFIX "%s", name),
		    .title = arena_printf(arena, "db-entry's own %s", name)};
		if (text_is(own->name, name) && !look(newest, program, arena, stop, err))
			return err_next(err, "mount /proc: db-entry runs its %s from there", name);
	}
	return true;
}

static int major_of(const char *version)
{
	return version == NULL ? LEAST_MAJOR : (int)strtol(version, NULL, 10);
}

static void advise(int major, struct err *err)
{
	err_next(err, "in a Debian or Ubuntu image: apt-get install postgresql-client-%d", major);
	err_next(err, "in an Alpine image: apk add postgresql%d-client", major);
	err_next(err, "or take a snapshot elsewhere: DB_ENTRY_DUMP=hook");
}

static bool none(const char *name, const char *server, const struct pg_program *newest,
    const struct err *last, struct err *err)
{
	if (newest->path != NULL)
		err_set(err, ERR_DUMP, "%s %s is too old for this server, which is PostgreSQL %s",
		    name, newest->version, server);
	else
		err_set(err, ERR_DUMP, "there is no %s%s%s", name,
		    server == NULL ? "" : " for this server, which is PostgreSQL ",
		    server == NULL ? "" : server);
	if (newest->path != NULL)
		err_why(err, "%s is the newest there is on PATH and where distributions put it",
		    newest->title);
	else if (last->kind != ERR_NONE)
		err_why(err, "%s", last->message);
	else
		err_why(err, "it is neither on PATH nor where distributions put it");
	if (last->next[0] != '\0')
		err_next(err, "%s", last->next);
	advise(server == NULL ? NEWEST : major_of(server), err);
	return false;
}

bool pg_program_find(struct pg_program *ret, const char *name, const char *server,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	struct candidates candidates = find_candidates(name, arena);
	struct pg_program newest = {.path = NULL};
	struct err last = {.kind = ERR_NONE, .next = ""};
	look_at_ours(&newest, name, arena, stop, &last);
	for (size_t i = 0; i < candidates.count; i++) {
		const char *path = candidates.paths[i];
		if (!stop_check(stop, err))
			return false;
		look(&newest, (struct pg_program){.path = path, .title = path}, arena, stop, &last);
	}
	if (!stop_check(stop, err))
		return false;
	if (newest.path == NULL || newest.major < major_of(server))
		return none(name, server, &newest, &last, err);
	*ret = newest;
	return true;
}

/* --- Running --- */

/*
 * What libpq and its libraries need of the environment beside the connection's own parameters,
 * which all go with the connection string. Nothing else: there may be secrets in it.
 */
static char **environment_of(const struct pg_call *call, struct arena *arena)
{
	static const char *const names[] = {"PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR",
	    "KRB5CCNAME", "KRB5_CONFIG", "KRB5_KTNAME", "KRB5_CLIENT_KTNAME", "SSL_CERT_FILE",
	    "SSL_CERT_DIR", "OPENSSL_CONF", "OPENSSL_MODULES"};
	size_t most = sizeof(names) / sizeof(names[0]), count = 0;
	char **environment = arena_array(arena, most + 4, sizeof(*environment));
	for (size_t i = 0; i < most; i++) {
		const char *value = getenv(names[i]);
		if (value != NULL)
			environment[count++] = arena_printf(arena, "%s=%s", names[i], value);
	}
	/* Its messages are read by people who read ours. */
	environment[count++] = arena_strdup(arena, "LC_ALL=C");
	if (call->service != NULL)
		environment[count++] = arena_strdup(arena, "PGSERVICEFILE=/proc/self/fd/0");
	if (call->password != NULL)
		environment[count++] = arena_printf(arena, "PGPASSWORD=%s", call->password);
	return environment;
}

static void forget(char **environment)
{
	for (; *environment != NULL; environment++)
		if (text_starts(*environment, "PGPASSWORD="))
			explicit_bzero(*environment, strlen(*environment));
}

/* "pg_dump: error: query failed: …" */
static const char *without_name(const char *line)
{
	static const char *const words[] = {"error: ", "detail: ", "hint: ", "fatal: "};
	const char *name_end = strstr(line, ": ");
	for (size_t i = 0; name_end != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (text_starts(name_end + 2, words[i]))
			return name_end + 2 + strlen(words[i]);
	return line;
}

/* The lines of the last error, that one first. */
static void explain(const char *name, const char *said, struct arena *arena, struct err *err)
{
	const char *lines[LINES] = {NULL};
	size_t count = 0, shown = 0;
	for (const char *at = said; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		const char *line = arena_strndup(arena, at, len);
		if (strstr(line, ": error: ") != NULL || strstr(line, "fatal: ") != NULL)
			count = 0;
		if (len > 0 && count < LINES)
			lines[count++] = line;
		at += len + (at[len] == '\n');
	}
	if (count == 0)
		return;
	err_set(err, ERR_DATABASE, "%s: %s", name, without_name(lines[shown++]));
	for (; shown < count; shown++)
		err_why(err, "%s", without_name(lines[shown]));
}

static bool fail(const struct pg_call *call, const struct proc_result *result,
    const struct buf *errors, struct arena *arena, struct err *err)
{
	CLEANUP(buf_free) struct buf said = buf_init(4 * SAID_MAX);
	const char *name = fs_name_of(call->program->title);
	if (result->status > 128)
		err_set(err, ERR_DATABASE, "%s was ended by signal %d", name, result->status - 128);
	else
		err_set(err, ERR_DATABASE, "%s ended with status %d", name, result->status);
	if (errors->len == 0)
		return false;
	url_redact(errors->data, &said);
	explain(name, said.data, arena, err);
	return false;
}

bool pg_program_run(const struct pg_call *call, const struct stop *stop, struct err *err)
{
	CLEANUP(arena_free) struct arena arena = {0};
	CLEANUP(buf_free) struct buf errors = buf_init(SAID_MAX);
	struct proc_result result;
	char **argv = arena_array(&arena, call->argc + 3, sizeof(*argv));
	size_t argc = 0;
	argv[argc++] = arena_strdup(&arena, call->program->path);
	if (call->program->word != NULL)
		argv[argc++] = arena_strdup(&arena, call->program->word);
	memcpy(argv + argc, call->argv, call->argc * sizeof(*argv));
	const struct proc_stream stream = {
	    .argv = argv,
	    .environment = environment_of(call, &arena),
	    .input = call->service != NULL ? call->service : call->input,
	    .take = call->take,
	    .idle = call->idle,
	    .context = call->context,
	};
	bool ok = proc_stream(&stream, &errors, &result, stop, err);
	forget(stream.environment);
	return ok && (result.status == 0 || fail(call, &result, &errors, &arena, err));
}

static bool keep(
    void *context, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	(void)stop;
	struct buf *output = context;
	buf_add(output, data, len);
	return !output->overflow ||
	       err_set(err, ERR_DATABASE, "there is more than %zu bytes of it", output->max);
}

bool pg_program_read(
    struct pg_call *call, struct buf *output, const struct stop *stop, struct err *err)
{
	call->take = keep;
	call->context = output;
	return pg_program_run(call, stop, err);
}

/* --- The list of a dump --- */

bool pg_list_read(const struct pg_program *program, const char *path, struct buf *list,
    const struct stop *stop, struct err *err)
{
	char *argv[] = {
	    (char *)(uintptr_t) "--list", (char *)(uintptr_t) "--", (char *)(uintptr_t)path, NULL};
	struct pg_call call = {.program = program, .argv = argv, .argc = 3};
	return pg_program_read(&call, list, stop, err);
}

const char *pg_list_entry(const char *line)
{
	if (*line == ';')
		return NULL;
	line += strcspn(line, ";\n");
	for (int words = 0; words < 3 && *line != '\n' && *line != '\0'; words++) {
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return line;
}

const char *pg_list_next(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

bool pg_list_names(const char *entry, const struct db_rows *names)
{
	for (size_t i = 0; entry != NULL && i < names->count; i++) {
		size_t len = strlen(names->cells[i]);
		if (strncmp(entry, names->cells[i], len) == 0 && entry[len] == ' ')
			return true;
	}
	return false;
}

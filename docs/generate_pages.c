#include "cmd/cmd.h"
#include "flow/events.h"
#include "flow/settings.h"
#include "generate.h"
#include <stdio.h>
#include <string.h>

#define MADE "<!-- Made by `make docs`. -->\n\n"

enum {
	NAME_SIZE = 64,
	CODE_SIZE = 16
};

/* A cell of a table: the bar would end it. */
static void add_cell(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '|')
			buf_add_char(out, '\\');
		buf_add_char(out, *p);
	}
}

/* "a|b" as `a`, `b`; "1..100" as `1..100`. */
static void add_choices(struct buf *out, const char *choices)
{
	for (const char *p = choices; *p != '\0';) {
		size_t len = strcspn(p, "|");
		buf_printf(out, "%s`%.*s`", p == choices ? "" : ", ", (int)len, p);
		p += len + (p[len] == '|');
	}
}

/* A word that stands for a name: --option, DB_ENTRY_ENV. Trailing punctuation is not part of it. */
static size_t name_length(const char *word)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t len = strspn(word, upper);

	if (word[0] == '-' && word[1] == '-')
		return 2 + strspn(word + 2, "abcdefghijklmnopqrstuvwxyz-");
	return memchr(word, '_', len) != NULL ? len : 0;
}

/* Plain text as Markdown: names as code. */
static void add_prose(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t name = p == text || p[-1] == ' ' ? name_length(p) : 0;

		if (name > 0) {
			buf_printf(out, "`%.*s`", (int)name, p);
			p += name;
		} else {
			buf_add_char(out, *p++);
		}
	}
}

static void add_setting(struct buf *out, const struct setting *setting)
{
	char variable[NAME_SIZE];
	char option[NAME_SIZE];

	setting_env_name(setting, variable, sizeof(variable));
	setting_option_name(setting, option, sizeof(option));
	buf_printf(out, "### %s\n\n", variable);
	add_prose(out, setting->help);
	buf_printf(out, "\n\n- Option: `--%s%s%s%s`\n", option, setting_before_argument(setting),
	    setting->argument, setting_after_argument(setting));
	if (setting->choices != NULL) {
		buf_add_text(out, "- Values: ");
		add_choices(out, setting->choices);
		buf_add_char(out, '\n');
	}
	if (setting->fallback != NULL)
		buf_printf(out, "- Default: `%s`\n", setting->fallback);
	if (setting->secret)
		buf_add_text(out, "- Secret: never printed, and not seen by the application\n");
	buf_add_char(out, '\n');
}

static void add_configuration_intro(struct buf *out)
{
	buf_add_text(out,
	    "# Configuration\n\n" MADE
	    "db-entry needs one thing: the database's URL. Everything else has a default.\n\n"
	    "```sh\n"
	    "DATABASE_URL=sqlite:data/shop.db db-entry -- ./shop\n"
	    "```\n\n"
	    "`db-entry config` prints every setting with its effective value and where it came "
	    "from;\n"
	    "it talks to no database. `db-entry config --strict` also fails on a misspelt "
	    "variable.\n\n"
	    "## Where a value comes from\n\n"
	    "Every setting is an environment variable, and a long option of every command. The "
	    "first\n"
	    "of these that is there counts:\n\n"
	    "1. the option: `--wait-timeout=30s` or `--wait-timeout 30s`;\n"
	    "2. the variable `DB_ENTRY_WAIT_TIMEOUT`, or its twin `DB_ENTRY_WAIT_TIMEOUT_FILE`;\n"
	    "3. the default.\n\n"
	    "An empty variable counts as not set. A `DB_ENTRY_*` variable that is no setting is a\n"
	    "warning with the nearest name. What Kubernetes sets for a Service that is called\n"
	    "`db-entry` (`DB_ENTRY_SERVICE_*`, `DB_ENTRY_PORT*`) is ignored.\n\n"
	    "## Secrets in files\n\n"
	    "Each variable has a twin with `_FILE` behind its name that holds the path of a file "
	    "with\n"
	    "the value, as the official database images do it: all newlines at the end are "
	    "dropped\n"
	    "(Windows' too), a file that can't be read is an error, and so are variable and twin "
	    "set together.\n"
	    "`DATABASE_URL` and the variables in a connectionTemplate have such twins too.\n\n"
	    "```yaml\n"
	    "environment:\n"
	    "  DB_ENTRY_DATABASE_URL_FILE: /run/secrets/database_url\n"
	    "```\n\n"
	    "A value given this way is not shown by `docker inspect`. Secret settings are "
	    "overwritten\n"
	    "in memory, and they and their twins removed from the environment, before the "
	    "application\n"
	    "starts. `DATABASE_URL` is the application's own and stays.\n\n");
}

static void add_configuration_url(struct buf *out)
{
	buf_add_text(out,
	    "## The database URL\n\n"
	    "The first of these that is set:\n\n"
	    "1. [DB_ENTRY_DATABASE_URL](#db_entry_database_url): for a user who may change the "
	    "schema,\n"
	    "   while the application's own URL may not;\n"
	    "2. the variable that [DB_ENTRY_URL_FROM](#db_entry_url_from) names;\n"
	    "3. the connectionTemplate of the environment that [DB_ENTRY_ENV](#db_entry_env) "
	    "names;\n"
	    "4. `DATABASE_URL`.\n\n"
	    "Today db-entry speaks SQLite, [PostgreSQL](postgresql.md), and [MariaDB and "
	    "MySQL](mariadb.md):\n\n"
	    "| URL | database |\n"
	    "|---|---|\n"
	    "| `sqlite:data/shop.db`, `sqlite://data/shop.db`, `file:data/shop.db` | "
	    "`data/shop.db` in the "
	    "working folder |\n"
	    "| `sqlite:/data/shop.db`, `sqlite:///data/shop.db`, `file:///data/shop.db` | "
	    "`/data/shop.db` "
	    "|\n"
	    "| `jdbc:sqlite:/data/shop.db` | `/data/shop.db` |\n"
	    "| `sqlite+aiosqlite:///data/shop.db` | `data/shop.db`: with `+driver`, three slashes "
	    "are "
	    "SQLAlchemy's relative path and four an absolute one |\n"
	    "| `postgresql://user:password@host:5432/name`, `postgres://…` | over TCP, with all "
	    "parameters of libpq |\n"
	    "| `postgresql:///name?host=/run/postgresql` | over a socket |\n"
	    "| `postgresql://a,b:5433/name?target_session_attrs=read-write` | the first of several "
	    "hosts that can be written |\n"
	    "| `mysql://user:password@host:3306/name`, `mariadb://…`, `jdbc:mysql://…` | over TCP "
	    "|\n"
	    "| `mysql:///name?socket=/run/mysqld/mysqld.sock` | over a socket |\n"
	    "| `mysql://host/name?ssl-mode=VERIFY_IDENTITY&ssl-ca=/path/ca.pem` | TLS that is "
	    "checked |\n\n"
	    "Of SQLite, `?mode=ro` opens read-only, `?mode=rw` does not make a file that is "
	    "missing. A "
	    "database in\n"
	    "memory is refused: it would be gone before the application starts.\n\n"
	    "Special characters are percent-encoded (`%20` is a space). Parameters that other "
	    "drivers\n"
	    "understand are dropped with a debug line. Passwords and tokens in a URL are never\n"
	    "printed.\n\n");
}

static void add_configuration_environments(struct buf *out)
{
	buf_add_text(out,
	    "## Environments\n\n"
	    "A repository can describe its environments in `db/config/db-environments.json`. The "
	    "file\n"
	    "is read when [DB_ENTRY_ENV](#db_entry_env) names one of them.\n\n"
	    "```json\n"
	    "{\n"
	    "  \"version\": 1,\n"
	    "  \"environments\": [\n"
	    "    {\n"
	    "      \"id\": \"dev\",\n"
	    "      \"connectionTemplate\": \"sqlite:data/dev.db\",\n"
	    "      \"permissions\": { \"migrations\": true }\n"
	    "    },\n"
	    "    {\n"
	    "      \"id\": \"production\",\n"
	    "      \"connectionTemplate\": \"sqlite:${DATA_DIR}/shop.db\",\n"
	    "      \"permissions\": { \"migrations\": \"review-required\" }\n"
	    "    }\n"
	    "  ]\n"
	    "}\n"
	    "```\n\n"
	    "`${NAME}` becomes the value of that variable or of its `_FILE` twin, percent-encoded, "
	    "so\n"
	    "that a password with an `@` needs no care; at the very start of the template it is "
	    "taken\n"
	    "as it is. A variable that is not set is an error. A literal `${` is written `%24{`. "
	    "Keys\n"
	    "that are not shown here are left to other tools.\n\n"
	    "`permissions.migrations` says what may be applied there:\n\n"
	    "| value | meaning |\n"
	    "|---|---|\n"
	    "| `true` | pending migrations are applied |\n"
	    "| `\"review-required\"`, `\"change-request\"` | each pending migration needs an "
	    "approval; this version reads none yet, so something pending ends the run with "
	    "[20](exit-codes.md) |\n"
	    "| `false`, or nothing | nothing is applied; something pending ends the run with "
	    "[30](exit-codes.md) |\n\n"
	    "Where no environment is chosen, migrations are applied.\n\n");
}

void page_configuration(struct buf *out)
{
	const char *topic = "";

	add_configuration_intro(out);
	add_configuration_url(out);
	add_configuration_environments(out);
	buf_add_text(out, "## Values\n\n"
			  "A duration is a number with `ms`, `s`, `m`, `h` or `d`; without a unit "
			  "it is seconds.\n\n");
	for (int i = 0; i < SETTINGS; i++) {
		if (strcmp(topic, settings[i].topic) != 0)
			buf_printf(out, "## %s\n\n", settings[i].topic);
		topic = settings[i].topic;
		add_setting(out, &settings[i]);
	}
	out->data[--out->len] = '\0';
}

const struct exit_code exit_codes[EXIT_CODES] = {
    {ERR_NONE, "Nothing."},
    {ERR_UNEXPECTED, "Read the log's last lines. If it is no lack of memory, report it."},
    {ERR_DESTRUCTIVE, "Approve it with the line that is printed, or start the previous image."},
    {ERR_DRIFT, "Find out who changed the database, and bring the change into a migration."},
    {ERR_HISTORY,
	"`db-entry status` shows each finding; `db-entry repair` offers what can be done. "
	"Never edit a migration that was applied: write a new one."},
    {ERR_FAILED, "Mend the migration and start again; the database is as before it."},
    {ERR_HALF_APPLIED, "`db-entry repair` names the statement where it stopped and what to do."},
    {ERR_DUMP, "Give the dump a place with room that outlives the container."},
    {ERR_READ_ONLY, "Point at the primary, or make the file writable for this user."},
    {ERR_MISMATCH, "Compare; a migration is missing, or the mirror is older than the migrations."},
    {ERR_PENDING,
	"`db-entry plan` shows it. Apply it with `db-entry apply` where that is allowed."},
    {ERR_USAGE, "`db-entry help COMMAND`."},
    {ERR_MALFORMED, "Mend the file and line that is named; `db-entry lint` checks without a "
		    "database."},
    {ERR_UNREACHABLE, "Check host, port and network of what is named; raise DB_ENTRY_WAIT_TIMEOUT "
		      "if it only starts slowly."},
    {ERR_LOCK, "Look at the process that is named as the holder; it does not advance."},
    {ERR_ACCESS, "Check user, password and privileges."},
    {ERR_CONFIG, "Mend the setting that is named; `db-entry config` shows them all."},
    {ERR_CANNOT_EXEC, "Check the application's execute permission and that it is built for this "
		      "machine."},
    {ERR_NO_PROGRAM, "Check its path, or the interpreter its first line names."},
    {ERR_STOPPED, "Nothing was left behind; start again when wanted."},
};

void exit_code_text(enum err_kind kind, char *out, size_t size)
{
	snprintf(out, size, "%d%s", err_row(kind)->exit_code, kind == ERR_STOPPED ? "+n" : "");
}

void page_exit_codes(struct buf *out)
{
	buf_add_text(out,
	    "# Exit codes\n\n" MADE "Codes and words are a contract: scripts, `podFailurePolicy` "
	    "and alerts may rely on them.\n"
	    "The word is `kind` in the JSON log. Once the application is started, the exit code is "
	    "the\n"
	    "application's own.\n\n"
	    "| code | word | meaning | what to do |\n"
	    "|---|---|---|---|\n");
	for (size_t i = 0; i < EXIT_CODES; i++) {
		const struct err_row *row = err_row(exit_codes[i].kind);
		char code[CODE_SIZE];

		exit_code_text(exit_codes[i].kind, code, sizeof(code));
		buf_printf(out, "| %s | `%s` | ", code, row->word);
		add_cell(out, row->help);
		buf_add_text(out, " | ");
		add_cell(out, exit_codes[i].advice);
		buf_add_text(out, " |\n");
	}
	buf_add_text(out, "\nEvery refusal also says what happened, why, and the next command, on "
			  "standard error;\n"
			  "see [troubleshooting](troubleshooting.md).\n");
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {
	    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

	return names[level];
}

static void add_event(struct buf *out, const struct log_event *event)
{
	buf_printf(out, "| `%s` | %s | ", event->name, level_name(event->level));
	add_cell(out, event->help);
	buf_add_text(out, " | ");
	for (const char *p = event->fields; *p != '\0';) {
		size_t len = strcspn(p, ",");
		buf_printf(out, "%s`%.*s`", p == event->fields ? "" : ", ", (int)len, p);
		p += len + (p[len] == ',');
	}
	buf_add_text(out, " |\n");
}

static void add_events(struct buf *out, bool errors)
{
	buf_add_text(out, "| event | level | meaning | fields |\n|---|---|---|---|\n");
	for (size_t i = 0; i < EVENTS; i++)
		if ((events[i].level == LOG_ERROR) == errors)
			add_event(out, &events[i]);
}

void page_events(struct buf *out)
{
	buf_add_text(out,
	    "# Events\n\n" MADE "The log goes to standard error: lines for people, or with "
	    "`DB_ENTRY_LOG=json` (the default\n"
	    "where `KUBERNETES_SERVICE_HOST` is set) one JSON object a line. Each has `time`, "
	    "`level`,\n"
	    "`event`, `message` and the fields of its event. Names are a contract: events and "
	    "fields\n"
	    "are added, never renamed.\n\n"
	    "```json\n"
	    "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"info\",\"event\":\"migration."
	    "applied\","
	    "\"message\":\"…\",\"version\":\"0001\",\"name\":\"create_customers\",\"statements\":2,"
	    "\"elapsed_ms\":4}\n"
	    "```\n\n"
	    "Fields whose names end with `_ms` are milliseconds.\n\n");
	add_events(out, false);
	buf_add_text(out,
	    "\n## Refusals\n\n"
	    "What ends a run is one of these, at level error. In JSON it carries `what`, `why`, "
	    "`next`\n"
	    "(an array of things to do), `kind` and `exit` (see [exit codes](exit-codes.md)), and\n"
	    "`file` and `line` when a file is to blame.\n\n");
	add_events(out, true);
}

void page_cli(struct buf *out)
{
	buf_add_text(out,
	    "# Commands\n\n" MADE "This is what `db-entry help` prints. Results go to standard "
	    "output, the log to standard\n"
	    "error. Every [setting](configuration.md) is an option of every command, too.\n\n"
	    "```text\n");
	cmd_help_overview(out);
	buf_add_text(out, "```\n");
	for (size_t i = 0; cmds[i] != NULL; i++) {
		buf_printf(out, "\n## %s\n\n```text\n", cmds[i]->name);
		cmd_help_of(cmds[i], out);
		buf_add_text(out, "```\n");
	}
}

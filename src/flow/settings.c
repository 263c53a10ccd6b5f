#include "flow/settings.h"

#include <stdio.h>

#define TOPIC_DATABASE    "Database"
#define TOPIC_MIGRATIONS  "Migrations"
#define TOPIC_WAITING     "Waiting and locking"
#define TOPIC_DUMPS       "Dumps"
#define TOPIC_APPLICATION "Application"
#define TOPIC_LOG         "Log"

const struct setting settings[SETTINGS] = {
    {
	.id = SETTING_DATABASE_URL,
	.name = "DATABASE_URL",
	.argument = "URL",
	.type = SETTING_IS_URL,
	.secret = true,
	.topic = TOPIC_DATABASE,
	.help = "The database, as a user who may change its schema; wiped before the application "
		"starts. Without it the URL comes from the variable DB_ENTRY_URL_FROM names, then "
		"from the chosen environment's connectionTemplate, then from DATABASE_URL. "
		"--database-url takes no password: every user of a machine can read its command "
		"lines.",
    },
    {
	.id = SETTING_DIRECT_URL,
	.name = "DIRECT_URL",
	.argument = "URL",
	.type = SETTING_IS_URL,
	.secret = true,
	.topic = TOPIC_DATABASE,
	.help = "The same database past its pooler, used only when something is to be done: behind "
		"a pooler the migration lock would be no lock. With nothing pending the first URL "
		"is enough.",
    },
    {
	.id = SETTING_URL_FROM,
	.name = "URL_FROM",
	.argument = "VARIABLE",
	.type = SETTING_IS_NAME,
	.topic = TOPIC_DATABASE,
	.help = "Name of the environment variable that holds the database URL, or whose _FILE twin "
		"names a file with it. The variable is left to the application.",
    },
    {
	.id = SETTING_ENV,
	.name = "ENV",
	.argument = "NAME",
	.type = SETTING_IS_TEXT,
	.topic = TOPIC_DATABASE,
	.help = "The environment to use from the environments file: its connectionTemplate gives "
		"the database URL, its permissions.migrations says what may be applied. Without "
		"it that file is not read.",
    },
    {
	.id = SETTING_ENVIRONMENTS,
	.name = "ENVIRONMENTS",
	.argument = "FILE",
	.type = SETTING_IS_PATH,
	.fallback = "db/config/db-environments.json",
	.topic = TOPIC_DATABASE,
	.help = "The environments file.",
    },
    {
	.id = SETTING_MIGRATIONS,
	.name = "MIGRATIONS",
	.argument = "FOLDER",
	.type = SETTING_IS_PATH,
	.topic = TOPIC_MIGRATIONS,
	.help = "The folder with the migrations. Without it the first of db/migrations and "
		"migrations that exists. A folder inside it named after the database, such as "
		"sqlite, wins.",
    },
    {
	.id = SETTING_OUT_OF_ORDER,
	.name = "OUT_OF_ORDER",
	.argument = "allow|refuse",
	.type = SETTING_IS_CHOICE,
	.fallback = "allow",
	.choices = "allow|refuse",
	.topic = TOPIC_MIGRATIONS,
	.help =
	    "What to do when a pending migration is older than the newest applied one: apply it "
	    "with a warning, or refuse to run.",
    },
    {
	.id = SETTING_RESUME,
	.name = "RESUME",
	.argument = "auto|never",
	.type = SETTING_IS_CHOICE,
	.fallback = "auto",
	.choices = "auto|never",
	.topic = TOPIC_MIGRATIONS,
	.help = "What to do with a migration that was left half-way, where the statements that are "
		"done are the first of its file and nothing of the next one remains: auto runs it "
		"from there, never leaves that to db-entry repair.",
    },
    {
	.id = SETTING_TRIAL,
	.name = "TRIAL",
	.argument = "auto|never",
	.type = SETTING_IS_CHOICE,
	.fallback = "auto",
	.choices = "auto|never",
	.topic = TOPIC_MIGRATIONS,
	.help = "Whether what is pending is tried before any of it is run, on a copy of the schema "
		"without rows, where the database commits each change of the schema by itself "
		"(MariaDB, MySQL): auto does, as far as the user may make a database for it.",
    },
    {
	.id = SETTING_MIRROR,
	.name = "MIRROR",
	.argument = "FILE",
	.type = SETTING_IS_PATH,
	.fallback = "db/schema/tables.json",
	.topic = TOPIC_MIGRATIONS,
	.help = "The mirror: the schema as JSON beside the code. A run holds what it leaves "
		"against it; diff and mirror compare it with the database.",
    },
    {
	.id = SETTING_MISMATCH,
	.name = "MISMATCH",
	.argument = "POLICY",
	.type = SETTING_IS_CHOICE,
	.fallback = "missing",
	.choices = "missing|strict|warn|ignore",
	.topic = TOPIC_MIGRATIONS,
	.help =
	    "What to do when all migrations are applied and the database is not what the mirror "
	    "states. missing: end with 27 when it lacks something, warn when it has more. "
	    "strict: end with 27 in both cases. warn: warn. ignore: the mirror is not read.",
    },
    {
	.id = SETTING_DRIFT,
	.name = "DRIFT",
	.argument = "POLICY",
	.type = SETTING_IS_CHOICE,
	.fallback = "auto",
	.choices = "auto|warn|block|ignore",
	.topic = TOPIC_MIGRATIONS,
	.help =
	    "What to do when somebody else changed the schema since the last run. auto: warn, but "
	    "end with 21 when a pending migration touches what was changed. block: end with "
	    "21. warn: warn. ignore: say nothing.",
    },
    {
	.id = SETTING_IGNORE,
	.name = "IGNORE",
	.argument = "GLOBS",
	.type = SETTING_IS_TEXT,
	.topic = TOPIC_MIGRATIONS,
	.help = "Objects that are left out wherever schemas are compared, as others made them: "
		"patterns with * and ?, separated by commas or blanks, such as "
		"tmp_*,audit.*. They are held against the name of the table with all it has, of "
		"a view, index or trigger, and against schema.name where there are schemas. Case "
		"doesn't count; empty parts match nothing.",
    },
    {
	.id = SETTING_APPROVE,
	.name = "APPROVE",
	.argument = "APPROVALS",
	.type = SETTING_IS_TEXT,
	.topic = TOPIC_MIGRATIONS,
	.help =
	    "Approvals of migrations that lose data, separated by commas or blanks: "
	    "VERSION@DIGEST as the refusal, plan and lint print it. A bare VERSION counts where "
	    "permissions.migrations is true or no environment is chosen; all only where it is "
	    "true. A rollback needs VERSION@down:DIGEST, as it and rollback --plan print it.",
    },
    {
	.id = SETTING_APPROVALS,
	.name = "APPROVALS",
	.argument = "FILE",
	.type = SETTING_IS_PATH,
	.fallback = "db/approvals",
	.topic = TOPIC_MIGRATIONS,
	.help = "The file with reviewed approvals, a line each: VERSION@DIGEST (of a rollback "
		"VERSION@down:DIGEST) and the reason.",
    },
    {
	.id = SETTING_APP_VERSION,
	.name = "APP_VERSION",
	.argument = "TEXT",
	.type = SETTING_IS_TEXT,
	.topic = TOPIC_MIGRATIONS,
	.help =
	    "Version of the application, for example a tag or a commit. Recorded in the history "
	    "with everything this run changes.",
    },
    {
	.id = SETTING_WAIT_FOR,
	.name = "WAIT_FOR",
	.argument = "URLS",
	.type = SETTING_IS_URLS,
	.secret = true,
	.topic = TOPIC_WAITING,
	.help =
	    "What run, apply and wait wait for before the database, all at once: a list "
	    "separated by commas or blanks of tcp://host:port, unix:/path (a socket), file:/path "
	    "(it exists), http://host/path and https://host/path (GET answers 200 to 299, or as "
	    "stated behind it: #status=200-299,401). Not the database: that is waited for in any "
	    "case, until it answers a query.",
    },
    {
	.id = SETTING_WAIT_TIMEOUT,
	.name = "WAIT_TIMEOUT",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "60s",
	.topic = TOPIC_WAITING,
	.help = "How long to wait for the database to answer, and what DB_ENTRY_WAIT_FOR names to "
		"be there: for all of it together.",
    },
    {
	.id = SETTING_WAIT_GRACE,
	.name = "WAIT_GRACE",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "30s",
	.topic = TOPIC_WAITING,
	.help = "How long an unknown host, user, password or database is a reason to wait, because "
		"the database may still be initialising. Afterwards it is an error at once.",
    },
    {
	.id = SETTING_WAIT_SUCCESSES,
	.name = "WAIT_SUCCESSES",
	.argument = "NUMBER",
	.type = SETTING_IS_INT,
	.fallback = "1",
	.choices = "1..100",
	.topic = TOPIC_WAITING,
	.help = "How many times in a row, each over a new connection, the database must answer "
		"before it counts as ready.",
    },
    {
	.id = SETTING_LOCK,
	.name = "LOCK",
	.argument = "session|lease",
	.type = SETTING_IS_CHOICE,
	.fallback = "session",
	.choices = "session|lease",
	.topic = TOPIC_WAITING,
	.help = "What the migration lock is. session: one of the database connection, which ends "
		"with it. lease: a row that runs out, checked in each migration's transaction "
		"before its commit, for a PostgreSQL behind a pooler where DB_ENTRY_DIRECT_URL "
		"can't be had; with that, and on databases that need none, the lock is the "
		"session's.",
    },
    {
	.id = SETTING_LEASE,
	.name = "LEASE",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "1m",
	.topic = TOPIC_WAITING,
	.help = "With DB_ENTRY_LOCK=lease: how long a lease stands without a sign of life, at "
		"least a second; keep it shorter than `DB_ENTRY_LOCK_STALL`. Others wait that long "
		"after a holder that was killed; one that shows no sign for longer, but for a "
		"statement that runs, has lost it and commits nothing.",
    },
    {
	.id = SETTING_LOCK_STALL,
	.name = "LOCK_STALL",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "2m",
	.topic = TOPIC_WAITING,
	.help = "How long the process that holds the migration lock may show no sign of life "
		"before this one gives up. As long as it advances, or executes a statement that "
		"takes long, this one waits: a sign is given every few seconds.",
    },
    {
	.id = SETTING_LOCK_TIMEOUT,
	.name = "LOCK_TIMEOUT",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "5s",
	.topic = TOPIC_WAITING,
	.help = "How long one statement waits for other users of the database to let go of what it "
		"needs. On PostgreSQL a migration in a transaction is then tried again, five times "
		"in all. 0 sets no limit.",
    },
    {
	.id = SETTING_STATEMENT_TIMEOUT,
	.name = "STATEMENT_TIMEOUT",
	.argument = "DURATION",
	.type = SETTING_IS_DURATION,
	.fallback = "0",
	.topic = TOPIC_WAITING,
	.help = "How long one statement may run. 0 sets no limit.",
    },
    {
	.id = SETTING_DUMP,
	.name = "DUMP",
	.argument = "POLICY",
	.type = SETTING_IS_CHOICE,
	.fallback = "auto",
	.choices = "auto|always|destructive|never|hook",
	.topic = TOPIC_DUMPS,
	.help =
	    "When a dump is made before migrations are applied to a database that is not empty. "
	    "auto: before anything pending; where there is no durable folder, only what loses "
	    "nothing and runs in a transaction is applied. always: the same without that "
	    "exception. "
	    "destructive: only when data may be lost; what nobody judges counts. never: none, "
	    "which is logged. hook: DB_ENTRY_DUMP_HOOK takes it.",
    },
    {
	.id = SETTING_DUMP_DIR,
	.name = "DUMP_DIR",
	.argument = "FOLDER",
	.type = SETTING_IS_PATH,
	.topic = TOPIC_DUMPS,
	.help = "Where dumps go; made when it is missing. Without it: backups beside a database "
		"that is a file, else the first of /backups, /data/backups, /var/lib/db-entry and "
		"db/backups that exists; of these only what can be written and outlives the "
		"container.",
    },
    {
	.id = SETTING_DUMP_COMPRESS,
	.name = "DUMP_COMPRESS",
	.argument = "zstd|gzip|none",
	.type = SETTING_IS_CHOICE,
	.fallback = "zstd",
	.choices = "zstd|gzip|none",
	.topic = TOPIC_DUMPS,
	.help = "How dumps are compressed.",
    },
    {
	.id = SETTING_DUMP_MAX,
	.name = "DUMP_MAX",
	.argument = "SIZE",
	.type = SETTING_IS_SIZE,
	.fallback = "0",
	.topic = TOPIC_DUMPS,
	.help =
	    "The largest dump that is begun, before compression, as 20GB or 500MB. A larger one "
	    "ends the run before anything is changed. 0 sets no limit.",
    },
    {
	.id = SETTING_DUMP_KEEP,
	.name = "DUMP_KEEP",
	.argument = "NUMBER",
	.type = SETTING_IS_INT,
	.fallback = "5",
	.choices = "0..10000",
	.topic = TOPIC_DUMPS,
	.help =
	    "How many of the dumps made by runs are kept for each database; older ones are removed "
	    "after a new one is complete. Those of the dump command don't count. 0 keeps all.",
    },
    {
	.id = SETTING_DUMP_KEEP_DAYS,
	.name = "DUMP_KEEP_DAYS",
	.argument = "NUMBER",
	.type = SETTING_IS_INT,
	.fallback = "30",
	.choices = "0..36500",
	.topic = TOPIC_DUMPS,
	.help =
	    "How many days a dump is kept. The newest good one of a database stays whatever its "
	    "age. 0 sets no limit.",
    },
    {
	.id = SETTING_DUMP_HOOK,
	.name = "DUMP_HOOK",
	.argument = "JSON|URL",
	.type = SETTING_IS_TEXT,
	.secret = true,
	.topic = TOPIC_DUMPS,
	.help = "With DB_ENTRY_DUMP=hook: a program and its arguments as a JSON array, such as "
		"[\"/snapshot\",\"--wait\"], or a URL. It gets a JSON object with database, "
		"label, reason and run on standard input or by POST, takes a snapshot, and prints "
		"its id or "
		"answers {\"id\": \"…\"}.",
    },
    {
	.id = SETTING_INIT,
	.name = "INIT",
	.argument = "true|false",
	.type = SETTING_IS_SWITCH,
	.fallback = "false",
	.choices = "true|false|1|0",
	.topic = TOPIC_APPLICATION,
	.help = "Stay as the application's parent instead of becoming it: signals are passed on to "
		"its process group, processes that lost their parent are reaped, and the exit "
		"code is the application's. For an application that as process 1 would ignore "
		"SIGTERM or leave zombies. --init alone is true.",
    },
    {
	.id = SETTING_USER,
	.name = "USER",
	.argument = "USER",
	.type = SETTING_IS_TEXT,
	.topic = TOPIC_APPLICATION,
	.help =
	    "The system's user the application runs as, by name or number; what comes before is "
	    "done as the user db-entry was started as. USER:GROUP has that group alone, USER the "
	    "groups of /etc/passwd and /etc/group. A number that /etc/passwd "
	    "doesn't know is its own group, never group 0. HOME becomes that user's. Nothing "
	    "is done where the process is that user already.",
    },
    {
	.id = SETTING_CHDIR,
	.name = "CHDIR",
	.argument = "FOLDER",
	.type = SETTING_IS_PATH,
	.topic = TOPIC_APPLICATION,
	.help = "The folder the application is started in. db-entry's own paths stay relative to "
		"the folder it was started in.",
    },
    {
	.id = SETTING_ENV_REMOVE,
	.name = "ENV_REMOVE",
	.argument = "NAMES",
	.type = SETTING_IS_NAMES,
	.topic = TOPIC_APPLICATION,
	.help = "Environment variables the application doesn't get, separated by commas or blanks, "
		"such as DATABASE_URL or PGPASSWORD. db-entry itself may use them. As an option it "
		"may be given several times. Secret settings are removed in any case.",
    },
    {
	.id = SETTING_LOG,
	.name = "LOG",
	.argument = "text|json",
	.type = SETTING_IS_CHOICE,
	.fallback = "text",
	.choices = "text|json",
	.topic = TOPIC_LOG,
	.help =
	    "How the log on standard error is written: text for people, or JSON with one object "
	    "a line. Where KUBERNETES_SERVICE_HOST is set the default is json.",
    },
    {
	.id = SETTING_LOG_LEVEL,
	.name = "LOG_LEVEL",
	.argument = "debug|info|warn|error",
	.type = SETTING_IS_CHOICE,
	.fallback = "info",
	.choices = "debug|info|warn|error",
	.topic = TOPIC_LOG,
	.help = "The least severe events that are logged.",
    },
    {
	.id = SETTING_TERMINATION_LOG,
	.name = "TERMINATION_LOG",
	.argument = "FILE",
	.type = SETTING_IS_PATH,
	.fallback = "/dev/termination-log",
	.topic = TOPIC_LOG,
	.help = "Where a run, apply or wait that fails also leaves what it refused and why, in at "
		"most 4096 bytes: a container's termination message, for kubectl describe pod. A "
		"file that is not there is not made.",
    },
};

/* Names are ASCII; tolower() would follow the locale. */
static char option_char(char c)
{
	if (c == '_')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void setting_option_name(const struct setting *setting, char *out, size_t size)
{
	snprintf(out, size, "%s", setting->name);
	for (; *out != '\0'; out++)
		*out = option_char(*out);
}

void setting_env_name(const struct setting *setting, char *out, size_t size)
{
	snprintf(out, size, "DB_ENTRY_%s", setting->name);
}

const char *setting_before_argument(const struct setting *setting)
{
	return setting->type == SETTING_IS_SWITCH ? "[=" : "=";
}

const char *setting_after_argument(const struct setting *setting)
{
	return setting->type == SETTING_IS_SWITCH ? "]" : "";
}

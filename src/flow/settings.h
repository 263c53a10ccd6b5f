/*
 * Every setting there is, in one table: the environment variable DB_ENTRY_<NAME>, its _FILE twin,
 * the long option --<name>, the help text, `db-entry config` and docs/configuration.md all come
 * from it.
 */
#ifndef DB_ENTRY_FLOW_SETTINGS_H
#define DB_ENTRY_FLOW_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum setting_id {
	SETTING_DATABASE_URL,
	SETTING_DIRECT_URL,
	SETTING_URL_FROM,
	SETTING_ENV,
	SETTING_ENVIRONMENTS,
	SETTING_MIGRATIONS,
	SETTING_OUT_OF_ORDER,
	SETTING_RESUME,
	SETTING_TRIAL,
	SETTING_MIRROR,
	SETTING_MISMATCH,
	SETTING_DRIFT,
	SETTING_IGNORE,
	SETTING_APPROVE,
	SETTING_APPROVALS,
	SETTING_APP_VERSION,
	SETTING_WAIT_FOR,
	SETTING_WAIT_TIMEOUT,
	SETTING_WAIT_GRACE,
	SETTING_WAIT_SUCCESSES,
	SETTING_LOCK,
	SETTING_LEASE,
	SETTING_LOCK_STALL,
	SETTING_LOCK_TIMEOUT,
	SETTING_STATEMENT_TIMEOUT,
	SETTING_DUMP,
	SETTING_DUMP_DIR,
	SETTING_DUMP_COMPRESS,
	SETTING_DUMP_MAX,
	SETTING_DUMP_KEEP,
	SETTING_DUMP_KEEP_DAYS,
	SETTING_DUMP_HOOK,
	SETTING_INIT,
	SETTING_USER,
	SETTING_CHDIR,
	SETTING_ENV_REMOVE,
	SETTING_LOG,
	SETTING_LOG_LEVEL,
	SETTING_TERMINATION_LOG,
	SETTINGS
};

enum setting_type {
	SETTING_IS_TEXT,  /* one line */
	SETTING_IS_NAME,  /* of an environment variable */
	SETTING_IS_NAMES, /* several, separated by commas or blanks; as options they add up */
	SETTING_IS_PATH,
	SETTING_IS_URL,
	SETTING_IS_URLS, /* of dependencies: net/dependency.h */
	SETTING_IS_CHOICE,
	SETTING_IS_SWITCH, /* true or false; the option alone is true */
	SETTING_IS_DURATION,
	SETTING_IS_SIZE,
	SETTING_IS_INT
};

struct setting {
	enum setting_id id;
	const char *name;     /* "WAIT_TIMEOUT"; DB_ENTRY_WAIT_TIMEOUT, --wait-timeout */
	const char *argument; /* how help calls its value: "DURATION" */
	enum setting_type type;
	const char *fallback; /* as a user would write it; NULL: none */
	const char *choices; /* "text|json" for choice and switch, "1..100" for an int, else NULL */
	bool secret;         /* never printed; wiped before the application starts; no fallback */
	const char *topic;   /* heading in help and docs; settings of one topic are neighbours */
	const char *help;    /* a few sentences */
};

/* All of them, in the order of enum setting_id. */
extern const struct setting settings[SETTINGS];

/* "wait-timeout" and "DB_ENTRY_WAIT_TIMEOUT", cut at `size`. */
void setting_option_name(const struct setting *setting, char *out, size_t size);
void setting_env_name(const struct setting *setting, char *out, size_t size);

/* What stands between an option's name and its value in help: "=", or "[=" with a "]" behind. */
const char *setting_before_argument(const struct setting *setting);
const char *setting_after_argument(const struct setting *setting);

#endif

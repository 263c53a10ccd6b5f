/*
 * The configuration of one process: for each setting its effective value and where it came from.
 *
 * Order of precedence: long option, environment variable or its _FILE twin (flow/variable.h), the
 * default. The database URL: --database-url, DB_ENTRY_DATABASE_URL, then the variable
 * DB_ENTRY_URL_FROM names, then the chosen environment's template (flow/environments.h), then
 * DATABASE_URL; each of these variables may have its _FILE twin instead. A source is read only when
 * no stronger one has a value.
 *
 * An empty variable counts as not set; an option with an empty value is an error, since it would
 * silently undo what the environment says (--env="$UNSET").
 */
#ifndef DB_ENTRY_FLOW_CONFIG_H
#define DB_ENTRY_FLOW_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/url.h"
#include "flow/settings.h"
#include <stdint.h>

/* What an environment's permissions.migrations says (docs/configuration.md). */
enum permission {
	PERMISSION_UNNAMED, /* no environment chosen: as true, but `all` approves nothing */
	PERMISSION_TRUE,
	PERMISSION_FALSE,         /* or not stated: silence permits nothing */
	PERMISSION_REVIEW,        /* "review-required" */
	PERMISSION_CHANGE_REQUEST /* "change-request" */
};

struct config_value {
	const char *text;   /* NULL: not set and no default */
	const char *origin; /* "default", "--log", "DB_ENTRY_LOG", "DB_ENTRY_LOG_FILE=path" */
};

/* As the environments file spells it, "unnamed" without an environment. */
const char *permission_word(enum permission permission);

/* An option given on the command line: --name=value. */
struct config_option {
	enum setting_id id;
	const char *value;
};

/* A DB_ENTRY_* variable that is no setting. */
struct config_unknown {
	const char *name;
	const char *nearest; /* NULL: nothing near */
};

struct config {
	struct arena arena; /* owns every text below */
	struct config_value values[SETTINGS];
	enum permission permission;
	const char *permission_origin; /* "no environment chosen", or file and place in it */
	struct err url_problem;        /* why there is no URL; kind ERR_NONE when there is one */
	struct url url;                /* as config_url() parsed it; scheme NULL before */
	struct url direct_url;         /* the same for config_direct_url() */
	struct config_unknown *unknown;
	size_t unknown_count;
};

/*
 * Gather and check every value. `environ_` is the process's environment; of options given twice the
 * last counts, but for names, which add up. ERR_CONFIG names the variable or option, never a
 * secret's value and never what a _FILE held. On failure all values that are right are there and
 * the others have their defaults, so that the error can be logged as LOG says.
 *
 * The database URL is config_url()'s matter: what is wrong with it, a missing variable or file
 * included, is no error here, so that commands without a database do without.
 *
 * Close with config_free() whatever it returns.
 */
bool config_load(struct config *config, char **environ_, const struct config_option *options,
    size_t option_count, struct err *err);

/* Values in their types; config_load() has checked them. */
const char *config_text(const struct config *config, enum setting_id id);
int64_t config_ms(const struct config *config, enum setting_id id);
int64_t config_int(const struct config *config, enum setting_id id);
int64_t config_size(const struct config *config, enum setting_id id);
bool config_is(const struct config *config, enum setting_id id, const char *choice);
bool config_on(const struct config *config, enum setting_id id); /* of a switch */

/*
 * The next of several names, from *at on, which moves behind it; its length in *len. NULL when
 * there is none. Begin with *at at config_text().
 */
const char *config_name(const char **at, size_t *len);

/*
 * A value as it may be shown, in the arena: of a secret URL all but its secrets, of other secrets
 * ***. NULL when it is not set.
 */
const char *config_shown(struct config *config, enum setting_id id);

/* The database URL, parsed into the config's arena. ERR_CONFIG when there is none, with advice. */
bool config_url(struct config *config, struct url *url, struct err *err);

/* DB_ENTRY_DIRECT_URL, which must be set. */
bool config_direct_url(struct config *config, struct url *url, struct err *err);

/*
 * Overwrite our secrets and the database URL in memory, and remove the variables of secret settings
 * and their _FILE twins, and nothing else, from the process's environment. Called before the
 * application is executed; there is no database URL afterwards, and what config_url() gave is
 * empty.
 */
void config_forget_secrets(struct config *config);

/* Overwrite secrets and free everything. Safe on a zeroed config and twice. */
void config_free(struct config *config);

#endif

/*
 * The environments file (db/config/db-environments.json):
 *
 *	{"environments": [{
 *		"id": "prod",
 *		"connectionTemplate": "postgresql://${DB_USER}:${DB_PASSWORD}@db/shop",
 *		"permissions": {"migrations": "review-required"}
 *	}]}
 *
 * Other keys are for other tools and not looked at.
 */
#ifndef DB_ENTRY_FLOW_ENVIRONMENTS_H
#define DB_ENTRY_FLOW_ENVIRONMENTS_H

#include "flow/config.h"

/* One environment; texts live in the arena it was read into. */
struct environment {
	const char *id;
	const char *file;       /* that it was read from */
	const char *place;      /* in the file: "environments[2]" */
	const char *connection; /* connectionTemplate as written; NULL when absent or empty */
	enum permission permission;
	const char *permission_origin; /* file and place, for messages */
};

/*
 * Read the file and find the environment called `id`. ERR_CONFIG, with the file, for one that can't
 * be read, is not JSON (line and column) or not in this format (place in the document), and for an
 * id that is not there (with those that are).
 *
 * What the file doesn't permit is not permitted: without permissions.migrations, PERMISSION_FALSE.
 */
bool environment_read(struct environment *ret, const char *file, const char *id,
    struct arena *arena, struct err *err);

/*
 * The URL of an environment that has a connectionTemplate. Each ${NAME} becomes the percent-encoded
 * value of the variable NAME (or its _FILE twin's); one at the very start is taken as it is, since
 * a scheme or a whole URL stands there. Any other $ is itself; a literal ${ is written %24{.
 * ERR_CONFIG names the variable that is not set, and the file.
 */
bool environment_url(struct config_value *ret, const struct environment *environment,
    char **environ_, struct arena *arena, struct err *err);

#endif

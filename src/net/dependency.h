/*
 * What has to be there before an application can start, as people name it:
 *
 *	tcp://host:port         somebody takes connections there
 *	unix:/path              the same at a socket; also unix:///path
 *	file:/path              something of that name exists; also file:///path
 *	http://host/path        GET is answered with one of the expected statuses, https:// with a
 *	                        verified certificate; 200 to 299, or as behind #status=200-299,401
 *
 * In host and path %XX stands for a byte.
 */
#ifndef DB_ENTRY_NET_DEPENDENCY_H
#define DB_ENTRY_NET_DEPENDENCY_H

#include "base/arena.h"
#include "base/err.h"

enum dependency_kind {
	DEPENDENCY_TCP,
	DEPENDENCY_UNIX,
	DEPENDENCY_FILE,
	DEPENDENCY_HTTP
};

enum {
	STATUS_LEAST = 100,
	STATUS_MOST = 599,
	DEPENDENCIES_MOST = 64
};

struct dependency {
	enum dependency_kind kind;
	const char *label;              /* to be shown: no user, no password, no query */
	const char *host, *port;        /* DEPENDENCY_TCP */
	const char *path;               /* DEPENDENCY_UNIX and _FILE */
	const char *url;                /* DEPENDENCY_HTTP, without its fragment; a secret */
	const char *statuses;           /* DEPENDENCY_HTTP: "200-299,401" */
	bool expected[STATUS_MOST + 1]; /* DEPENDENCY_HTTP, by status */
};

struct dependencies {
	struct dependency *items;
	size_t count;
};

/*
 * A list of them, separated by commas, blanks or line breaks, into the arena; all labels differ.
 * ERR_CONFIG names the entry by its place, and quotes it where `quote` allows that and the text
 * can't hold a password.
 */
bool dependencies_parse(
    struct dependencies *list, const char *text, bool quote, struct arena *arena, struct err *err);

#endif

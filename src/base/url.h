/*
 * Database URLs as people have them (RFC 3986, and what drivers made of it).
 *
 *	scheme[+driver]://user:password@host:port,host:port/path?key=value
 *	jdbc:scheme:…      sqlite:path      file:path?mode=ro
 *
 * Parsed leniently where it is unambiguous: a password with a bare `:`, `@`, `#`, or without an `@`
 * also `/` and `?`, is read up to the last `@` of the authority. What can be read in two ways is an
 * error. Redaction never depends on successful parsing.
 *
 * The URL of a file (scheme file, sqlite, sqlite2 or sqlite3) has no user, password or hosts. Its
 * `path` is everything after the colon, or after the // when `authority` is set; what the slashes
 * mean is for the driver to say:
 *
 *	sqlite:app.db          "app.db"
 *	sqlite:/app.db         "/app.db"
 *	sqlite://data/app.db   "data/app.db" with authority
 *	sqlite:///app.db       "/app.db"     with authority
 *	sqlite:////app.db      "//app.db"    with authority
 */
#ifndef DB_ENTRY_BASE_URL_H
#define DB_ENTRY_BASE_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct url_host {
	const char *name; /* without the brackets of an IPv6 address; "" when absent */
	const char *port; /* 1 to 65535 in digits; "" when absent */
};

struct url_param {
	const char *key;
	const char *value;
};

/* Everything is percent-decoded and lives in the arena given to url_parse(). */
struct url {
	const char *scheme; /* in lower case, without jdbc: and +driver: "postgresql" */
	const char *driver; /* what stood behind the +, in lower case; "" when nothing */
	bool jdbc;          /* it began with jdbc: */
	bool authority;     /* it had a // after the scheme */
	const char *user;   /* NULL when absent, which differs from empty */
	const char *password;
	struct url_host *hosts; /* none when nothing stands between the // or @ and the path */
	size_t host_count;
	const char *path; /* after the authority, with its leading slash, or after "scheme:" */
	struct url_param *params;
	size_t param_count;
};

/* ERR_CONFIG with a message that says what is wrong and never holds the password. */
bool url_parse(struct url *url, const char *text, struct arena *arena, struct err *err);

/* The value of a parameter, the last one given; NULL when absent. */
const char *url_param(const struct url *url, const char *key);

/*
 * Append the text with everything secret replaced by ***: passwords of URLs and the values of
 * parameters named like a secret (password=…, sslpassword=…, token=…). Works on any text, parseable
 * or not, finds URLs and key=value pairs inside a longer message, and where it can't be sure hides
 * too much rather than too little.
 */
void url_redact(const char *text, struct buf *out);

/* Append `text` percent-encoded for any part of a URL (RFC 3986 unreserved stay). */
void url_encode(const char *text, struct buf *out);

#endif

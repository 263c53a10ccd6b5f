#include "net/dependency.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/url.h"
#include "net/http.h"
#include <string.h>
#include <sys/un.h>

enum {
	QUOTE_MAX = 80,
	LABEL_MAX = 400,
	STATUS_DIGITS = 3
};

static const char separators[] = ", \t\r\n";
static const char status_key[] = "#status=";
static const char status_default[] = "200-299";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- What is wrong: said by the place; err_set() is for who knows the entry --- */

static bool wrong(const char **what, const char *text)
{
	*what = text;
	return false;
}

/* --- Expected statuses --- */

/* Three digits; 0 when they are none. */
static int read_status(const char **at)
{
	int status = 0;
	for (int i = 0; i < STATUS_DIGITS; i++, (*at)++) {
		if (!is_digit(**at))
			return 0;
		status = status * 10 + (**at - '0');
	}
	return status >= STATUS_LEAST && status <= STATUS_MOST ? status : 0;
}

static bool read_range(bool expected[STATUS_MOST + 1], const char **at)
{
	int first = read_status(at), last = first;
	if (first != 0 && **at == '-') {
		(*at)++;
		last = read_status(at);
	}
	for (int status = first; status != 0 && status <= last; status++)
		expected[status] = true;
	return first != 0 && last >= first;
}

static bool read_statuses(struct dependency *dependency, const char **what)
{
	const char *at = dependency->statuses;
	while (read_range(dependency->expected, &at)) {
		if (*at == '\0')
			return true;
		if (*at++ != ',')
			break;
	}
	return wrong(what, "behind the # stands no list such as status=200-299,401");
}

/* --- The kinds --- */

static bool is_bare(const struct url *url)
{
	return url->user == NULL && url->param_count == 0 && url->driver[0] == '\0' && !url->jdbc;
}

static bool read_tcp(struct dependency *dependency, const struct url *url, const char **what)
{
	bool path = url->path[0] != '\0' && !text_is(url->path, "/");
	dependency->kind = DEPENDENCY_TCP;
	if (!is_bare(url) || path || url->host_count != 1 || url->hosts[0].name[0] == '\0')
		return wrong(what, "the form is tcp://host:port");
	if (url->hosts[0].port[0] == '\0')
		return wrong(what, "it has no port: the form is tcp://host:port");
	dependency->host = url->hosts[0].name;
	dependency->port = url->hosts[0].port;
	return true;
}

static bool read_path(struct dependency *dependency, const struct url *url, const char **what)
{
	bool unix_socket = dependency->kind == DEPENDENCY_UNIX;
	if (!is_bare(url) || url->host_count > 0 || url->path[0] == '\0' ||
	    (url->authority && url->path[0] != '/'))
		return wrong(
		    what, unix_socket ? "the form is unix:/path" : "the form is file:/path");
	if (unix_socket && strlen(url->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return wrong(what, "the path of a socket has at most 107 bytes");
	dependency->path = url->path;
	return true;
}

/* url_parse() also finds one with a bare / in its password, where nobody else would. */
static bool has_user(const char *url)
{
	const char *host = strstr(url, "://") + strlen("://");
	return memchr(host, '@', strcspn(host, "/?")) != NULL;
}

static bool read_http(struct dependency *dependency, const struct url *url, const char **what)
{
	dependency->kind = DEPENDENCY_HTTP;
	if (!http_is_url(dependency->url) || url->driver[0] != '\0' || url->jdbc ||
	    url->host_count != 1 || url->hosts[0].name[0] == '\0')
		return wrong(what, "the form is http://host:port/path");
	if (url->user != NULL && !has_user(dependency->url))
		return wrong(what, "in user and password / is written %2F and ? is written %3F");
	return read_statuses(dependency, what);
}

/* The path stays out of it as well: it may be a token. */
static const char *label_of(
    const struct dependency *dependency, const char *text, struct arena *arena)
{
	CLEANUP(buf_free) struct buf label = buf_init(LABEL_MAX);
	if (dependency->kind != DEPENDENCY_HTTP)
		return arena_printf(arena, "%.*s", LABEL_MAX, text);
	http_origin(dependency->url, &label);
	const char *host = strstr(dependency->url, "://") + strlen("://");
	const char *rest = host + strcspn(host, "/?");
	if (*rest != '\0' && !text_is(rest, "/"))
		buf_add_text(&label, "/…");
	return arena_strdup(arena, label.len == 0 ? "a URL" : label.data);
}

/* What stands behind a # belongs to us; a password with a bare one is refused as such. */
static void take_statuses(struct dependency *dependency, const char *text, struct arena *arena)
{
	const char *hash = strchr(text, '#');
	dependency->statuses = status_default;
	dependency->url =
	    arena_strndup(arena, text, hash == NULL ? strlen(text) : (size_t)(hash - text));
	if (hash != NULL)
		dependency->statuses = arena_strdup(
		    arena, text_starts(hash, status_key) ? hash + strlen(status_key) : "");
}

static bool read_entry(
    struct dependency *dependency, const char *text, struct arena *arena, const char **what)
{
	struct url url;
	struct err ignored; /* it speaks of the database */
	*dependency = (struct dependency){0};
	take_statuses(dependency, text, arena);
	bool http = http_is_url(text);
	if (!http && !text_starts(text, "tcp://") && !text_starts(text, "unix:") &&
	    !text_starts(text, "file:"))
		return wrong(
		    what, "it begins with none of tcp://, unix:, file:, http://, https://");
	if (!http && strchr(text, '#') != NULL)
		return wrong(what, "there is nothing to say behind a # (%23 stands for one)");
	if (!url_parse(&url, http ? dependency->url : text, arena, &ignored))
		return wrong(what, "host, port or a %XX is malformed");
	if (http)
		return read_http(dependency, &url, what);
	if (text_is(url.scheme, "tcp"))
		return read_tcp(dependency, &url, what);
	dependency->kind = text_is(url.scheme, "unix") ? DEPENDENCY_UNIX : DEPENDENCY_FILE;
	return read_path(dependency, &url, what);
}

/* --- The list --- */

/* A comma before a digit goes on with a list of statuses: no entry begins with a digit. */
static size_t entry_len(const char *text)
{
	size_t len = strcspn(text, separators);
	while (text[len] == ',' && is_digit(text[len + 1]) &&
	       memmem(text, len, status_key, strlen(status_key)) != NULL)
		len += 1 + strcspn(text + len + 1, separators);
	return len;
}

static bool refuse(size_t place, const char *text, bool quote, const char *what, struct err *err)
{
	if (quote)
		err_set(err, ERR_CONFIG, "entry %zu, \"%.*s\": %s", place,
		    (int)(strcspn(text, "?") < QUOTE_MAX ? strcspn(text, "?") : QUOTE_MAX), text,
		    what);
	else
		err_set(err, ERR_CONFIG, "entry %zu: %s", place, what);
	return err_next(err,
	    "DB_ENTRY_WAIT_FOR=\"tcp://redis:6379 unix:/run/app.sock file:/data/ready "
	    "http://api:8080/health#status=200-299,401\"");
}

/* Two at one address: the log must tell them apart. */
static void tell_apart(const struct dependencies *list, struct arena *arena)
{
	for (size_t i = 1; i < list->count; i++)
		for (size_t j = 0; j < i; j++)
			if (text_is(list->items[i].label, list->items[j].label)) {
				list->items[i].label = arena_printf(
				    arena, "%s (entry %zu)", list->items[i].label, i + 1);
				break;
			}
}

bool dependencies_parse(
    struct dependencies *list, const char *text, bool quote, struct arena *arena, struct err *err)
{
	struct dependencies found = {0};
	size_t capacity = 0;
	const char *what = NULL;
	/* A password with a blank in it makes two entries: look for its @ in all of them. */
	quote = quote && strchr(text, '@') == NULL;
	for (const char *at = text + strspn(text, separators); *at != '\0';) {
		size_t len = entry_len(at);
		const char *entry = arena_strndup(arena, at, len);
		found.items =
		    arena_grow(arena, found.items, found.count, &capacity, sizeof(*found.items));
		struct dependency *dependency = &found.items[found.count++];
		if (found.count > DEPENDENCIES_MOST)
			return err_set(
			    err, ERR_CONFIG, "more than %d entries", (int)DEPENDENCIES_MOST);
		if (!read_entry(dependency, entry, arena, &what))
			return refuse(found.count, entry, quote, what, err);
		dependency->label = label_of(dependency, entry, arena);
		at += len + strspn(at + len, separators);
	}
	tell_apart(&found, arena);
	*list = found;
	return true;
}

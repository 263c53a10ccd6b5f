/*
 * HTTP by libcurl: one request, one answer, under `stop`.
 *
 * The library is opened with the first request: linked, it and the thirty it brings along would
 * double the time of every start, and most never need it.
 */
#ifndef DB_ENTRY_NET_HTTP_H
#define DB_ENTRY_NET_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/stop.h"
#include <stdint.h>

struct http_request {
	const char *method;         /* "GET", "POST", … */
	const char *url;            /* http:// or https://; a user and password in it are sent */
	const char *const *headers; /* "Name: value", ended by NULL; NULL: none */
	const char *body;           /* NULL: none */
	size_t body_len;
	int64_t time; /* ms for the whole of it */
};

/*
 * Send it and gather the answer's body in `answer`, which holds at most its maximum. Every answer
 * is true, whatever its *status; a redirect is an answer and is not followed. Certificates are
 * verified, against SSL_CERT_FILE where that is set. Proxies are those of the environment
 * (https_proxy, no_proxy).
 *
 * ERR_CONFIG for a URL that is none, and where there is no libcurl; ERR_UNREACHABLE, with `retry`
 * set when trying again can help, when no answer came or not all of it, in time; otherwise
 * ERR_STOPPED or ERR_TIMEOUT by `stop`. Messages name scheme, host and port: the rest of a URL may
 * be a secret.
 */
bool http_send(const struct http_request *request, int *status, struct buf *answer,
    const struct stop *stop, struct err *err);

/* True for what begins like a URL http_send() takes. */
bool http_is_url(const char *text);

/* "https://host:port" of such a URL. */
void http_origin(const char *url, struct buf *out);

/* Name and version of the library as it would be used now: "libcurl 7.88.1", "no libcurl". */
const char *http_library(void);

#endif

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
	int64_t time;                /* ms for the whole of it */
	void (*idle)(void *context); /* called often while it lasts; may be NULL */
	void *context;               /* of idle */
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

/*
 * The same in steps, for an owner that polls for other things too: of `request` time and idle
 * don't count, and all of it must outlive the call. Without an `answer` the call is done when the
 * headers are there. Messages name nothing.
 */
struct http_call;
bool http_begin(struct http_call **ret, const struct http_request *request, struct buf *answer,
    struct err *err);

enum {
	HTTP_SOCKETS = 16 /* a call has one or two, and a resolver's */
};

/*
 * What it waits for: fills in `fds`, says how many, and lowers *until (stop_now()'s milliseconds)
 * to when it wants to go on at the latest.
 */
nfds_t http_wants(const struct http_call *call, struct pollfd fds[HTTP_SOCKETS], int64_t *until);

/*
 * Go on with what poll() said of those `fds`, none of them at first. True with *done and *status
 * once it was answered, true without while it goes on; false as http_send().
 */
bool http_step(struct http_call *call, const struct pollfd *fds, nfds_t count, bool *done,
    int *status, struct err *err);

/* Let go of it, done or not, and make it NULL: for CLEANUP(). NULL is fine. */
void http_end(struct http_call **call);

/* True for what begins like a URL http_send() takes. */
bool http_is_url(const char *text);

/* "https://host:port" of such a URL. */
void http_origin(const char *url, struct buf *out);

/* Name and version of the library as it would be used now: "libcurl 7.88.1", "no libcurl". */
const char *http_library(void);

#endif

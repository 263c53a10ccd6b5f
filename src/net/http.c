/*
 * One transfer on libcurl's multi interface: it says which sockets it waits for and until when, and
 * its owner does the waiting.
 */
#include "net/http.h"
#include "base/text.h"
#include "net/authorities.h"
#include "net/curl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_MS = 30 * 1000,
	IDLE_MS = 500 /* how often whoever wants to hear from us does */
};

struct http_call {
	const struct curl *curl;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct buf *answer; /* NULL: the headers are enough */
	struct pollfd fds[HTTP_SOCKETS];
	nfds_t fd_count;
	int64_t timer; /* stop_now() of when it wants to be called; -1: never */
	int running;
	char detail[CURL_ERROR_SIZE];
};

bool http_is_url(const char *text)
{
	return text_starts(text, "https://") || text_starts(text, "http://");
}

void http_origin(const char *url, struct buf *out)
{
	const char *host = strstr(url, "://") + strlen("://");
	size_t end = strcspn(host, "/?#");
	/* A password may hold anything but what ends the host: what counts is the last @. */
	size_t from = end;
	while (from > 0 && host[from - 1] != '@')
		from--;
	buf_add(out, url, (size_t)(host - url));
	buf_add(out, host + from, end - from);
}

/* --- What libcurl asks of us --- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
	struct http_call *t = context;
	nfds_t i = 0;
	(void)easy, (void)unused;
	while (i < t->fd_count && t->fds[i].fd != fd)
		i++;
	if (what == CURL_POLL_REMOVE) {
		if (i < t->fd_count)
			t->fds[i] = t->fds[--t->fd_count];
		return 0;
	}
	if (i == HTTP_SOCKETS)
		return -1;
	t->fd_count += i == t->fd_count;
	t->fds[i] = (struct pollfd){.fd = fd,
	    .events = (short)(((what & CURL_POLL_IN) != 0 ? POLLIN : 0) |
			      ((what & CURL_POLL_OUT) != 0 ? POLLOUT : 0))};
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
	struct http_call *t = context;
	(void)multi;
	t->timer = ms < 0 ? -1 : stop_now() + ms;
	return 0;
}

/* Less than it was given ends the transfer. */
static size_t on_body(char *data, size_t one, size_t len, void *context)
{
	struct http_call *t = context;
	buf_add(t->answer, data, one * len);
	return t->answer->overflow ? 0 : one * len;
}

/* --- The transfer --- */

#define SET(option, value)                                                                         \
	if (t->curl->easy_setopt(t->easy, option, value) != CURLE_OK)                              \
		return false;

static bool set_limits(struct http_call *t)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http,https")
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS))
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	SET(CURLOPT_QUICK_EXIT, 1L) /* a resolver that hangs is not waited for */
#endif
	SET(CURLOPT_NOSIGNAL, 1L)
	SET(CURLOPT_FOLLOWLOCATION, 0L)
	SET(CURLOPT_SSL_VERIFYPEER, 1L)
	SET(CURLOPT_SSL_VERIFYHOST, 2L)
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS)
	/* The library goes by no variable, and, linked, by what is right for one distribution. */
	const char *authorities = authorities_file();
	if (authorities != NULL)
		SET(CURLOPT_CAINFO, authorities)
	return true;
}

static bool add_header(struct http_call *t, const char *text)
{
	struct curl_slist *longer = t->curl->slist_append(t->headers, text);
	if (longer != NULL)
		t->headers = longer;
	return longer != NULL;
}

static bool set_request(struct http_call *t, const struct http_request *request)
{
	SET(CURLOPT_URL, request->url)
	SET(CURLOPT_CUSTOMREQUEST, request->method)
	SET(CURLOPT_USERAGENT, "db-entry/" DB_ENTRY_VERSION)
	if (request->body != NULL) {
		SET(CURLOPT_POSTFIELDS, request->body)
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len)
	}
	/* Some servers answer "100 Continue" late or never. */
	if (!add_header(t, "Expect:"))
		return false;
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		if (!add_header(t, request->headers[i]))
			return false;
	SET(CURLOPT_HTTPHEADER, t->headers)
	SET(CURLOPT_ERRORBUFFER, t->detail)
	if (t->answer == NULL) {
		SET(CURLOPT_NOBODY, 1L) /* none is waited for, whatever the method */
		return true;
	}
	SET(CURLOPT_WRITEFUNCTION, on_body)
	SET(CURLOPT_WRITEDATA, t)
	return true;
}

#define SET_MULTI(option, value) (t->curl->multi_setopt(t->multi, option, value) == CURLM_OK)

static bool begin(struct http_call *t, const struct http_request *request, struct err *err)
{
	t->multi = t->curl->multi_init();
	t->easy = t->curl->easy_init();
	if (t->multi == NULL || t->easy == NULL)
		err_die("out of memory");
	if (!set_limits(t) || !set_request(t, request))
		return err_set(err, ERR_UNEXPECTED, "libcurl does not know one of its options");
	if (!SET_MULTI(CURLMOPT_SOCKETFUNCTION, on_socket) || !SET_MULTI(CURLMOPT_SOCKETDATA, t) ||
	    !SET_MULTI(CURLMOPT_TIMERFUNCTION, on_timer) || !SET_MULTI(CURLMOPT_TIMERDATA, t) ||
	    t->curl->multi_add_handle(t->multi, t->easy) != CURLM_OK)
		return err_set(err, ERR_UNEXPECTED, "libcurl's multi interface is not there");
	return true;
}

static bool act(struct http_call *t, curl_socket_t fd, int ready, struct err *err)
{
	if (t->curl->multi_socket_action(t->multi, fd, ready, &t->running) == CURLM_OK)
		return true;
	return err_set(err, ERR_UNEXPECTED, "libcurl could not go on");
}

static bool act_on_ready(
    struct http_call *t, const struct pollfd *ready, nfds_t count, struct err *err)
{
	for (nfds_t i = 0; i < count; i++) {
		int what = ((ready[i].revents & POLLIN) != 0 ? CURL_CSELECT_IN : 0) |
			   ((ready[i].revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
			   ((ready[i].revents & (POLLERR | POLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
		if (what != 0 && !act(t, ready[i].fd, what, err))
			return false;
	}
	return true;
}

/* It sets its timer anew when it wants to be called again. */
static bool act_on_time(struct http_call *t, struct err *err)
{
	if (t->timer < 0 || t->timer > stop_now())
		return true;
	t->timer = -1;
	return act(t, CURL_SOCKET_TIMEOUT, 0, err);
}

/* --- How it ended --- */

static bool may_help(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR: /* also of a proxy whose server is not there yet */
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

/* Its own words name the milliseconds that passed: others at each try. */
static const char *what_failed(const struct http_call *t, CURLcode code)
{
	long error = 0;
	if (code == CURLE_COULDNT_CONNECT)
		t->curl->easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if (error != 0)
		return strerror((int)error);
	bool plain = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
	return !plain && t->detail[0] != '\0' ? t->detail : t->curl->easy_strerror(code);
}

static bool failed(const struct http_call *t, CURLcode code, struct err *err)
{
	const char *what = what_failed(t, code);
	if (code == CURLE_OUT_OF_MEMORY)
		err_die("out of memory");
	if (t->answer != NULL && t->answer->overflow)
		return err_set(
		    err, ERR_UNREACHABLE, "the answer has more than %zu bytes", t->answer->max);
	if (code == CURLE_URL_MALFORMAT)
		return err_set(
		    err, ERR_CONFIG, "the URL is none: %s", t->curl->easy_strerror(code));
	err_set(err, ERR_UNREACHABLE, "%s", what);
	err->retry = may_help(code) ? ERR_RETRY : ERR_FATAL;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		err_next(err, "SSL_CERT_FILE=/path/to/authorities.pem, where they are others than "
			      "the system's");
	return false;
}

static bool finish(struct http_call *t, int *status, struct err *err)
{
	CURLcode code = CURLE_GOT_NOTHING;
	CURLMsg *message;
	long answered = 0;
	int left;
	while ((message = t->curl->multi_info_read(t->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			code = message->data.result;
	if (code != CURLE_OK)
		return failed(t, code, err);
	t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &answered);
	*status = (int)answered;
	return true;
}

/* --- In steps, and the whole --- */

bool http_begin(
    struct http_call **ret, const struct http_request *request, struct buf *answer, struct err *err)
{
	const struct curl *curl;
	if (!http_is_url(request->url))
		return err_set(err, ERR_CONFIG, "a URL begins with https:// or http://");
	if (!curl_open(&curl, err))
		return false;
	struct http_call *call = calloc(1, sizeof(*call));
	if (call == NULL)
		err_die("out of memory");
	*call = (struct http_call){.curl = curl, .answer = answer, .running = 1};
	if (!begin(call, request, err)) {
		http_end(&call);
		return false;
	}
	*ret = call;
	return true;
}

nfds_t http_wants(const struct http_call *call, struct pollfd fds[HTTP_SOCKETS], int64_t *until)
{
	if (call->timer >= 0 && call->timer < *until)
		*until = call->timer;
	memcpy(fds, call->fds, call->fd_count * sizeof(*fds));
	return call->fd_count;
}

bool http_step(struct http_call *call, const struct pollfd *fds, nfds_t count, bool *done,
    int *status, struct err *err)
{
	if (!act_on_ready(call, fds, count, err) || !act_on_time(call, err))
		return false;
	if (call->running > 0)
		return true;
	if (!finish(call, status, err))
		return false;
	*done = true;
	return true;
}

void http_end(struct http_call **call)
{
	struct http_call *t = *call;
	if (t == NULL)
		return;
	if (t->easy != NULL && t->multi != NULL)
		t->curl->multi_remove_handle(t->multi, t->easy);
	if (t->easy != NULL)
		t->curl->easy_cleanup(t->easy);
	if (t->multi != NULL)
		t->curl->multi_cleanup(t->multi);
	t->curl->slist_free_all(t->headers);
	free(t);
	*call = NULL;
}

static bool run(struct http_call *call, const struct http_request *request, int *status,
    const struct stop *stop, struct err *err)
{
	struct pollfd fds[HTTP_SOCKETS];
	nfds_t count = 0;
	bool done = false;
	while (http_step(call, fds, count, &done, status, err) && !done) {
		int64_t now = stop_now();
		int64_t until = request->idle == NULL ? INT64_MAX : now + IDLE_MS;
		count = http_wants(call, fds, &until);
		if (request->idle != NULL)
			request->idle(request->context);
		struct stop wait = stop_within(stop, until > now ? until - now : 0);
		if (stop_poll(&wait, fds, count, err))
			continue;
		if (err->kind != ERR_TIMEOUT || stop_left(stop) == 0)
			return false;
		count = 0;
	}
	return done;
}

static bool transfer(const struct http_request *request, int *status, struct buf *answer,
    const struct stop *stop, struct err *err)
{
	CLEANUP(http_end) struct http_call *call = NULL;
	struct stop until = stop_within(stop, request->time);
	if (!http_begin(&call, request, answer, err))
		return false;
	if (run(call, request, status, &until, err))
		return true;
	if (err->kind == ERR_TIMEOUT && stop_left(stop) > 0) {
		err_set(err, ERR_UNREACHABLE, "no answer within %lld s",
		    (long long)request->time / 1000);
		err->retry = ERR_RETRY;
	}
	return false;
}

bool http_send(const struct http_request *request, int *status, struct buf *answer,
    const struct stop *stop, struct err *err)
{
	CLEANUP(buf_free) struct buf origin = buf_init(1024);
	buf_reset(answer);
	buf_add_text(answer, "");
	if (transfer(request, status, answer, stop, err))
		return true;
	if (!http_is_url(request->url))
		return false;
	http_origin(request->url, &origin);
	return err_context(err, "%s", origin.len == 0 ? "a URL" : origin.data);
}

const char *http_library(void)
{
	static char text[64];
	const struct curl *curl;
	struct err ignored;
	if (!curl_open(&curl, &ignored))
		return "no libcurl";
	snprintf(text, sizeof(text), "libcurl %s", curl->version_info(CURLVERSION_NOW)->version);
	return text;
}

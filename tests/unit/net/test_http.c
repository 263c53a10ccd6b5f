/* Requests that get no answer; those that get one are tested end to end. */
#include "net/http.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* After those it needs. */
#include <cmocka.h>

enum {
	PROMPT_MS = 10 * 1000,
	OBSTACLE_MS = 60 * 1000
};

/* A server that takes connections and says nothing; its port. */
static int listen_silently(int *fd)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*fd >= 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(*fd, 4), 0);
	assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &len), 0);
	return ntohs(address.sin_port);
}

static bool get(const char *url, int64_t time, const struct stop *stop, struct err *err)
{
	CLEANUP(buf_free) struct buf answer = buf_init(100);
	const struct http_request request = {.method = "GET", .url = url, .time = time};
	int status;
	return http_send(&request, &status, &answer, stop, err);
}

static void urls_that_are_none(void **state)
{
	static const char *const urls[] = {"", "http://", "https://", "ftp://host/",
	    "file:///etc/passwd", "http://host:port/", "HTTP", "http://[/"};
	struct stop stop = stop_never();
	struct err err;
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_false(get(urls[i], OBSTACLE_MS, &stop, &err));
		assert_int_equal(err.kind, ERR_CONFIG);
	}
}

static void origins(void **state)
{
	static const char *const cases[][2] = {
	    {"https://host", "https://host"},
	    {"http://host:81/path?token=x", "http://host:81"},
	    {"https://me:p@ss@host:8443/p", "https://host:8443"},
	    {"https://host?key=user@mail", "https://host"},
	    {"https://[::1]:81/", "https://[::1]:81"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(buf_free) struct buf out = buf_init(100);
		http_origin(cases[i][0], &out);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void nobody_there(void **state)
{
	struct stop stop = stop_never();
	struct err err;
	char url[100];
	int fd, port = listen_silently(&fd);
	(void)state;
	close(fd);
	snprintf(url, sizeof(url), "http://me:secret@127.0.0.1:%d/secret?secret", port);
	assert_false(get(url, OBSTACLE_MS, &stop, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_int_equal(err.retry, ERR_RETRY);
	assert_null(strstr(err.message, "secret"));
	assert_non_null(strstr(err.message, "http://127.0.0.1:"));
}

static void no_answer_in_time(void **state)
{
	struct stop stop = stop_never(), sooner = stop_within(&stop, 100);
	struct err err;
	char url[100];
	int64_t began = stop_now();
	int fd, port = listen_silently(&fd);
	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	assert_false(get(url, 200, &stop, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_false(get(url, OBSTACLE_MS, &sooner, &err));
	assert_int_equal(err.kind, ERR_TIMEOUT);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	assert_false(get(url, 200, &stop, &err));
	assert_int_equal(err.kind, ERR_UNREACHABLE);
	assert_true(stop_now() - began < PROMPT_MS);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_that_are_none),
	    cmocka_unit_test(origins),
	    cmocka_unit_test(nobody_there),
	    cmocka_unit_test(no_answer_in_time),
	};
	stop_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

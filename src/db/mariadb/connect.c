/*
 * Connecting, host by host and address by address, each with its part of the time. The library
 * would resolve names by itself, but blocks there; so it is given addresses.
 */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include "net/resolve.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	USUAL_PORT = 3306,
	STACK = 256 * 1024 /* of the library's coroutine: a TLS handshake runs on it */
};

/* A connection that is being made. */
struct attempt {
	MYSQL *conn;
	const struct my_place *place;
	const struct my_target *target;
	struct stop stop;
	bool named; /* the library has the host's name */
	bool bare;  /* the server has no TLS, and the URL demands it */
	bool ended; /* by the stop, for this: */
	struct err cause;
};

/*
 * The library's own waits, of which the TLS handshake is one also without blocking, know no
 * context; there is one attempt at a time.
 */
static _Thread_local struct attempt *current;

/* The certificate is compared with what the library takes for the host: not with the address. */
static void give_name(struct attempt *a)
{
	if (a->named || a->place->address == NULL || a->conn->host == NULL)
		return;
	char *name = strdup(a->place->host);
	if (name == NULL)
		err_die("out of memory");
	free(a->conn->host);
	a->conn->host = name;
	a->named = true;
}

/*
 * Nothing may reach the application, or a program that is run meanwhile. And what is encrypted is
 * read by calls that would wait by themselves: the library makes its socket a blocking one again
 * when it is connected.
 */
static void tame_socket(MYSQL *conn)
{
	int fd = ma.socket(conn);
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	if (flags < 0)
		return;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/*
 * Plugins take TLS that was asked for for TLS that is there, and give the password as it is. Behind
 * the first packet, in which there is none yet, is the time to tell them, or to go no further.
 */
static void see_bareness(struct attempt *a)
{
	MYSQL *conn = a->conn;
	if (!conn->options.use_ssl || conn->server_capabilities == 0 ||
	    (conn->server_capabilities & CLIENT_SSL) != 0)
		return;
	conn->options.use_ssl = false;
	a->bare = a->target->tls >= MY_TLS_REQUIRED && a->place->address != NULL;
	if (a->bare)
		shutdown(ma.socket(conn), SHUT_RDWR);
}

/* The last thing before the TLS handshake is a packet that asks for it. */
static void transferred(int mode, MYSQL *conn, const unsigned char *data, size_t len)
{
	(void)mode;
	(void)data;
	(void)len;
	if (current == NULL || current->conn != conn)
		return;
	tame_socket(conn);
	give_name(current);
	see_bareness(current);
}

/* A server that is gone without a word is noticed while a statement is waited for. */
static void keep_alive(int fd)
{
	static const int options[][2] = {
	    {TCP_KEEPIDLE, 30}, {TCP_KEEPINTVL, 10}, {TCP_KEEPCNT, 3}, {TCP_USER_TIMEOUT, 60000}};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, IPPROTO_TCP, options[i][0], &options[i][1], sizeof(int));
}

static bool wait_for(struct attempt *a, int fd, short events, int64_t ms)
{
	struct pollfd poll = {.fd = fd, .events = events};
	struct stop stop = stop_within(&a->stop, ms);
	if (a->ended)
		return false;
	if (stop_poll(&stop, &poll, 1, &a->cause))
		return true;
	a->ended = true;
	return false;
}

static int wait_in_library(my_socket fd, my_bool is_read, int timeout)
{
	struct pollfd other = {.fd = fd, .events = is_read ? POLLIN : POLLOUT};
	if (current == NULL) /* a session that is used without stop: lease.c */
		return poll(&other, 1, timeout > 0 ? timeout : -1);
	if (wait_for(current, fd, is_read ? POLLIN : POLLOUT, -1))
		return 1;
	errno = ETIMEDOUT;
	return -1;
}

static short events_of(int status)
{
	return (short)(((status & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) |
		       ((status & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0) |
		       ((status & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0));
}

static void set_text(MYSQL *conn, enum mysql_option option, const char *text)
{
	if (text != NULL)
		ma.optionsv(conn, option, text);
}

static void set_flag(MYSQL *conn, enum mysql_option option, bool on)
{
	my_bool value = on;
	ma.optionsv(conn, option, &value);
}

/* Since version 3.4 the library checks nothing, not even the authority, unless it checks the name.
 */
static bool checks_all_or_nothing(void)
{
	long major = strtol(ma.client_info(), NULL, 10);
	const char *minor = strchr(ma.client_info(), '.');
	return major > 3 || (major == 3 && minor != NULL && strtol(minor + 1, NULL, 10) >= 4);
}

static void set_tls(MYSQL *conn, const struct my_target *target, const struct my_place *place)
{
	/* Over a socket nobody listens; who insists gets it there too. */
	bool use = target->tls > (place->address == NULL ? MY_TLS_PREFERRED : MY_TLS_DISABLED);
	set_flag(conn, MYSQL_OPT_SSL_ENFORCE, use);
	set_flag(conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
	    target->tls >= (checks_all_or_nothing() ? MY_TLS_VERIFY_CA : MY_TLS_VERIFY_IDENTITY));
	if (!use)
		return;
	set_text(conn, MYSQL_OPT_SSL_CA, target->ca);
	set_text(conn, MYSQL_OPT_SSL_CAPATH, target->ca_path);
	set_text(conn, MYSQL_OPT_SSL_CERT, target->cert);
	set_text(conn, MYSQL_OPT_SSL_KEY, target->key);
	set_text(conn, MYSQL_OPT_SSL_CRL, target->crl);
	set_text(conn, MYSQL_OPT_SSL_CIPHER, target->cipher);
	set_text(conn, MARIADB_OPT_TLS_PASSPHRASE, target->key_password);
}

/*
 * What a server may ask for: a false one could ask for the password as it is. `dialog` of PAM sends
 * it so, too.
 */
static const char *plugins(const struct my_target *target)
{
	if (target->clear_password || target->tls >= MY_TLS_VERIFY_CA)
		return "mysql_native_password,caching_sha2_password,client_ed25519,sha256_password,"
		       "parsec,auth_gssapi_client,mysql_clear_password,dialog";
	return "mysql_native_password,caching_sha2_password,client_ed25519,sha256_password,parsec,"
	       "auth_gssapi_client";
}

static MYSQL *prepare(const struct my_target *target, const struct my_place *place)
{
	static bool listening;
	size_t stack = STACK;
	unsigned protocol = place->address == NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	MYSQL *conn = ma.init(NULL);
	if (conn == NULL)
		err_die("out of memory");
	if (!listening)
		ma.on_transfer(true, transferred);
	listening = true;
	ma.options(conn, MYSQL_OPT_NONBLOCK, &stack);
	ma.optionsv(conn, MARIADB_OPT_IO_WAIT, wait_in_library);
	ma.optionsv(conn, MYSQL_OPT_PROTOCOL, &protocol);
	set_text(conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	set_text(conn, MYSQL_PLUGIN_DIR, target->plugin_dir);
	set_text(conn, MYSQL_SERVER_PUBLIC_KEY, target->server_key);
	set_text(conn, MARIADB_OPT_RESTRICTED_AUTH, plugins(target));
	/* A server that asks for a file of ours gets none. */
	unsigned none = 0;
	ma.optionsv(conn, MYSQL_OPT_LOCAL_INFILE, &none);
	set_tls(conn, target, place);
	return conn;
}

static const char *describe(const struct my_place *place, struct buf *out)
{
	if (place->address == NULL)
		buf_printf(
		    out, place->host[0] == '\0' ? "the local socket" : "socket %s", place->host);
	else
		buf_printf(out, strchr(place->host, ':') == NULL ? "%s:%u" : "[%s]:%u", place->host,
		    place->port);
	return out->data;
}

/* The library's loop: false when it can't be gone on with. */
static bool drive(struct attempt *a)
{
	const struct my_target *t = a->target;
	const struct my_place *p = a->place;
	MYSQL *made = NULL;
	/* "" and not NULL: it would look for a user, and a password, in the environment. */
	int status = ma.connect_start(&made, a->conn, p->address, t->user == NULL ? "" : t->user,
	    t->password == NULL ? "" : t->password, t->database, p->port,
	    p->address == NULL && p->host[0] != '\0' ? p->host : NULL, 0);
	while (status != 0) {
		tame_socket(a->conn);
		int64_t ms =
		    (status & MYSQL_WAIT_TIMEOUT) != 0 ? (int64_t)ma.timeout_ms(a->conn) : -1;
		if (!wait_for(a, ma.socket(a->conn), events_of(status), ms))
			return false;
		status = ma.connect_cont(&made, a->conn, status & ~MYSQL_WAIT_TIMEOUT);
	}
	return made != NULL && !a->ended;
}

void my_drop(MYSQL **conn)
{
	if (*conn == NULL)
		return;
	int fd = ma.socket(*conn);
	/* Or closing would say good-bye, which may block. */
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	ma.close(*conn);
	*conn = NULL;
}

static bool fail_bare(const struct attempt *a, struct err *err)
{
	CLEANUP(buf_free) struct buf where = buf_init(1024);
	err_set(err, ERR_CONFIG, "%s: the server has no TLS, and the URL demands it",
	    describe(a->place, &where));
	return err_next(err, "give the server a certificate, or write ?ssl-mode=PREFERRED");
}

static bool fail(const struct attempt *a, struct err *err)
{
	CLEANUP(buf_free) struct buf where = buf_init(1024);
	describe(a->place, &where);
	if (a->bare)
		return fail_bare(a, err);
	if (!a->ended)
		return my_fail_open(ma.error_number(a->conn), ma.error(a->conn), where.data, err);
	*err = a->cause;
	if (err->kind == ERR_TIMEOUT)
		err_set(err, ERR_TIMEOUT, "%s does not answer", where.data);
	return false;
}

/* The library takes no for an answer when it was told to insist. */
static bool is_private(const struct attempt *a, struct err *err)
{
	return a->target->tls < MY_TLS_REQUIRED || ma.ssl_cipher(a->conn) != NULL ||
	       fail_bare(a, err);
}

bool my_connect_to(MYSQL **ret, const struct my_place *place, const struct my_target *target,
    const struct stop *stop, struct err *err)
{
	struct attempt a = {.place = place, .target = target, .stop = *stop};
	if (!stop_check(stop, err))
		return false;
	CLEANUP(my_drop) MYSQL *conn = prepare(target, place);
	a.conn = conn;
	current = &a;
	bool ok = drive(&a);
	current = NULL;
	if (!ok)
		return fail(&a, err);
	if (!is_private(&a, err))
		return false;
	tame_socket(conn);
	if (place->address != NULL)
		keep_alive(ma.socket(conn));
	*ret = conn;
	conn = NULL;
	return true;
}

/* --- Hosts --- */

/* A way through all hosts. */
struct walk {
	const struct my_target *target;
	const struct stop *stop;
	struct arena *arena;
	size_t left; /* places that may be tried yet, this one included */
	MYSQL *conn;
	struct my_place place;
};

/* What is left for one place: a fair part of the time, or what the URL allows. */
static struct stop share(const struct walk *walk)
{
	int64_t left = stop_left(walk->stop);
	if (left != INT64_MAX && walk->left > 1)
		left /= (int64_t)walk->left;
	if (walk->target->limit >= 0 && walk->target->limit < left)
		left = walk->target->limit;
	return stop_within(walk->stop, left == INT64_MAX ? -1 : left);
}

static bool try_place(struct walk *walk, const struct my_place *place, struct err *err)
{
	struct stop stop = share(walk);
	walk->left -= walk->left > 0;
	if (!my_connect_to(&walk->conn, place, walk->target, &stop, err))
		return false;
	walk->place = *place;
	return true;
}

/* After a failure: may the next place be tried? Not where a server knew us, and said no. */
static bool goes_on(const struct walk *walk, const struct err *err)
{
	struct err ended;
	return err->kind != ERR_STOPPED && err->kind != ERR_ACCESS && err->kind != ERR_CONFIG &&
	       stop_check(walk->stop, &ended);
}

static bool try_host(struct walk *walk, const struct url_host *host, struct err *err)
{
	const char **addresses = NULL;
	size_t count = 0;
	int64_t port = USUAL_PORT;
	struct stop stop = share(walk);
	if (host->port[0] != '\0' && !text_int(host->port, 1, 65535, &port, err))
		return false;
	if (!resolve_host(host->name, &addresses, &count, walk->arena, &stop, err)) {
		walk->left -= walk->left > 0;
		return false;
	}
	walk->left += count - 1;
	for (size_t i = 0; i < count; i++) {
		const struct my_place place = {
		    .host = host->name, .address = addresses[i], .port = (unsigned)port};
		if (try_place(walk, &place, err))
			return true;
		if (!goes_on(walk, err))
			return false;
	}
	return false;
}

static bool try_hosts(struct walk *walk, struct err *err)
{
	const struct my_target *target = walk->target;
	const struct my_place socket = {.host = target->socket};
	if (target->socket != NULL) {
		walk->left = 1;
		return try_place(walk, &socket, err);
	}
	walk->left = target->host_count;
	for (size_t i = 0; i < target->host_count; i++) {
		if (try_host(walk, &target->hosts[i], err))
			return true;
		if (!goes_on(walk, err))
			return false;
	}
	return false;
}

bool my_connect(MYSQL **ret, struct my_place *place, const struct my_target *target,
    struct arena *arena, const struct stop *stop, struct err *err)
{
	struct walk walk = {.target = target, .stop = stop, .arena = arena};
	if (!stop_check(stop, err) || !try_hosts(&walk, err))
		return false;
	*ret = walk.conn;
	*place = walk.place;
	return true;
}

/* What went wrong, and whether trying again can help: by the number, which no language changes. */
#include "base/text.h"
#include "db/mariadb/mariadb.h"
#include <stdio.h>
#include <string.h>

enum {
	NOT_ALLOWED = 5010 /* a plugin that connect.c does not name */
};

struct rule {
	unsigned number;
	enum err_kind kind; /* of a failed connect */
	enum err_retry retry;
};

static const struct rule rules[] = {
    {1040, ERR_UNREACHABLE, ERR_RETRY_SLOWLY}, /* too many connections */
    {1041, ERR_UNREACHABLE, ERR_RETRY_SLOWLY}, /* out of memory */
    {1043, ERR_UNREACHABLE, ERR_RETRY},        /* bad handshake */
    {1044, ERR_ACCESS, ERR_RETRY_GRACE},       /* no right to this database */
    {1045, ERR_ACCESS, ERR_RETRY_GRACE},       /* user or password */
    {1047, ERR_UNREACHABLE, ERR_RETRY},        /* a Galera node that is not ready */
    {1049, ERR_UNREACHABLE, ERR_RETRY_GRACE},  /* no such database */
    {1053, ERR_UNREACHABLE, ERR_RETRY},        /* shutting down */
    {1079, ERR_UNREACHABLE, ERR_RETRY},
    {1129, ERR_ACCESS, ERR_FATAL}, /* host blocked: each try extends it */
    {1130, ERR_ACCESS, ERR_RETRY_GRACE},
    {1152, ERR_UNREACHABLE, ERR_RETRY},
    {1158, ERR_UNREACHABLE, ERR_RETRY}, /* the network */
    {1159, ERR_UNREACHABLE, ERR_RETRY},
    {1160, ERR_UNREACHABLE, ERR_RETRY},
    {1161, ERR_UNREACHABLE, ERR_RETRY},
    {1203, ERR_UNREACHABLE, ERR_RETRY_SLOWLY},
    {1205, ERR_UNREACHABLE, ERR_RETRY_STATEMENT}, /* a lock was not free in time */
    {1213, ERR_UNREACHABLE, ERR_RETRY_TRANSACTION},
    {1226, ERR_UNREACHABLE, ERR_RETRY_SLOWLY},
    {1251, ERR_ACCESS, ERR_FATAL}, /* this client can't do what the server wants */
    {1290, ERR_READ_ONLY, ERR_RETRY},
    {1524, ERR_ACCESS, ERR_FATAL},
    {1698, ERR_ACCESS, ERR_RETRY_GRACE},
    {1792, ERR_READ_ONLY, ERR_RETRY},
    {1820, ERR_ACCESS, ERR_FATAL}, /* the password has to be changed */
    {1836, ERR_READ_ONLY, ERR_RETRY},
    {1862, ERR_ACCESS, ERR_FATAL},
    {1927, ERR_UNREACHABLE, ERR_RETRY}, /* killed */
    {2002, ERR_UNREACHABLE, ERR_RETRY},
    {2003, ERR_UNREACHABLE, ERR_RETRY},
    {2005, ERR_UNREACHABLE, ERR_RETRY_GRACE},
    {2006, ERR_UNREACHABLE, ERR_RETRY},
    {2012, ERR_UNREACHABLE, ERR_RETRY},
    {2013, ERR_UNREACHABLE, ERR_RETRY},
    {2026, ERR_CONFIG, ERR_FATAL},      /* TLS */
    {2027, ERR_UNREACHABLE, ERR_RETRY}, /* a packet cut off */
    {2055, ERR_UNREACHABLE, ERR_RETRY},
    {2058, ERR_ACCESS, ERR_FATAL},
    {2059, ERR_ACCESS, ERR_FATAL}, /* no such plugin here */
    {2061, ERR_ACCESS, ERR_FATAL},
    {3118, ERR_ACCESS, ERR_FATAL}, /* account locked */
    {3168, ERR_UNREACHABLE, ERR_RETRY},
    {3572, ERR_UNREACHABLE, ERR_RETRY_STATEMENT}, /* NOWAIT */
    {4031, ERR_UNREACHABLE, ERR_RETRY},           /* idle for too long */
    {4151, ERR_ACCESS, ERR_FATAL},
    {NOT_ALLOWED, ERR_ACCESS, ERR_FATAL},
    {9001, ERR_UNREACHABLE, ERR_RETRY}, /* ProxySQL: no back end in time */
    {0, ERR_UNREACHABLE, ERR_FATAL},
};

static const struct rule *rule_for(unsigned number)
{
	const struct rule *rule = rules;
	while (rule->number != 0 && rule->number != number)
		rule++;
	return rule;
}

enum err_retry my_retry(unsigned number)
{
	return rule_for(number)->retry;
}

bool my_is_lost(unsigned number)
{
	return number == 2006 || number == 2013 || number == 2055 || number == 2027 ||
	       number == 1053 || number == 1927 || number == 4031;
}

/* --- Of a failed connect --- */

/* A connection that ends in the middle of TLS is one that ends. */
static bool is_broken_handshake(const char *text)
{
	static const char *const ends[] = {"unexpected eof", "reset by peer", "Broken pipe",
	    "Success", "No error", "SYSCALL", "timed out", "Connection refused"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcasestr(text, ends[i]) != NULL)
			return true;
	return false;
}

/* "Can't connect to server on '127.0.0.1' (111)": what the system said, by its number. */
static int system_error(const char *text)
{
	const char *open = strrchr(text, '(');
	struct err ignored;
	int64_t number = 0;
	char digits[8];
	if (open == NULL)
		return 0;
	snprintf(digits, sizeof(digits), "%.*s", (int)strspn(open + 1, "0123456789"), open + 1);
	return text_int(digits, 1, 4095, &number, &ignored) ? (int)number : 0;
}

static const char plugin_advice[] =
#ifdef DB_ENTRY_LINKED
    "this binary has the plugins of MariaDB and MySQL that need no other software, and none can be"
    " added: let the user log in by one of them";
#else
    "the plugin belongs to the client library: in a Debian or Ubuntu image apt-get install"
    " libmariadb3; elsewhere name its folder: ?plugin-dir=/path";
#endif

static void advise_open(unsigned number, struct err *err)
{
	switch (number) {
	case 1129:
		err_next(err, "find out what connected to it wrongly, then, at the server: FLUSH"
			      " HOSTS;");
		return;
	case 1820:
	case 1862:
		err_next(err, "give the user a new password: ALTER USER … IDENTIFIED BY …;");
		return;
	case 2026:
		err_next(err, "name the authority that signed the server's certificate:"
			      " ?ssl-ca=/path/ca.pem");
		return;
	case 2058:
	case 2059:
	case 2061:
		err_next(err, "%s", plugin_advice);
		return;
	case NOT_ALLOWED:
		err_next(
		    err, "have the server checked: ?ssl-mode=VERIFY_IDENTITY&ssl-ca=/path/ca.pem");
		err_next(err, "or, where nobody can listen: ?allowCleartextPasswords=true");
		return;
	default:
		if (err->kind == ERR_ACCESS || number == 1049)
			err_next(err, "look at user, password and database in the URL: db-entry"
				      " config");
	}
}

bool my_fail_open(unsigned number, const char *text, const char *place, struct err *err)
{
	const struct rule *rule = rule_for(number);
	int system = number == 2002 || number == 2003 ? system_error(text) : 0;
	/* What the server refused before anything was encrypted is wrapped by the library. */
	const char *wrapped = strstr(text, "cannot be verified: ");
	struct err ignored;
	int64_t inner = 0;
	if (wrapped != NULL) {
		char digits[8];
		wrapped += strlen("cannot be verified: ");
		snprintf(
		    digits, sizeof(digits), "%.*s", (int)strspn(wrapped, "0123456789"), wrapped);
		if (text_int(digits, 1000, 65535, &inner, &ignored)) {
			number = (unsigned)inner;
			rule = rule_for(number);
			const char *dash = strstr(wrapped, " - ");
			text = dash == NULL ? wrapped : dash + 3;
		}
	}
	/* The library says so under the number of the server's last word. */
	if (strstr(text, "could not be loaded") != NULL) {
		number = 2059;
		rule = rule_for(number);
	}
	/* Connector/C 3.3 prints a part of another plugin's name here. */
	if (number == NOT_ALLOWED)
		text = "the server asks for the password as it is, which a false one could do too";
	if (system != 0)
		err_set(err, rule->kind, "%s: %s", place, strerror(system));
	else
		err_set(err, rule->kind, "%s: %.*s", place, (int)strcspn(text, "\n"), text);
	err->retry = rule->retry;
	if (number == 2026 && is_broken_handshake(text)) {
		err->kind = ERR_UNREACHABLE;
		err->retry = ERR_RETRY;
	}
	snprintf(err->code, sizeof(err->code), "%u", number);
	if (err->retry != ERR_RETRY)
		advise_open(number, err);
	return false;
}

bool my_fail_first(struct err *err)
{
	struct err ignored;
	int64_t number = 0;
	if (err->kind != ERR_DATABASE)
		return false;
	err->kind = ERR_UNREACHABLE;
	if (text_int(err->code, 0, 65535, &number, &ignored)) {
		err->kind = rule_for((unsigned)number)->kind;
		advise_open((unsigned)number, err);
	}
	return false;
}

/* --- Of a statement --- */

/* "… near 'x' at line 3": the line of the statement's file. */
static int line_of(const struct sql_statement *statement, const char *text)
{
	static const char marker[] = " at line ";
	const char *found = NULL;
	struct err ignored;
	int64_t line = 1;
	char digits[12];
	for (const char *at = text; (at = strstr(at, marker)) != NULL; at++)
		found = at + strlen(marker);
	if (found == NULL)
		return statement->line;
	snprintf(digits, sizeof(digits), "%.*s", (int)strspn(found, "0123456789"), found);
	return text_int(digits, 1, INT32_MAX / 2, &line, &ignored) ? statement->line + (int)line - 1
								   : statement->line;
}

static void advise(const struct my_db *s, unsigned number, struct err *err)
{
	switch (number) {
	case 1044:
	case 1142:
	case 1143:
		err_next(err,
		    "as an administrator, for who migrates: GRANT ALL PRIVILEGES ON `%s`.* TO %s;",
		    s->server.database, s->server.account);
		err_next(err, "for who only looks: GRANT SELECT ON `%s`.* TO %s;",
		    s->server.database, s->server.account);
		return;
	case 1205:
		err_next(err, "others use what it needs: start again when they are done, or raise"
			      " DB_ENTRY_LOCK_TIMEOUT");
		return;
	case 1969:
	case 3024:
		err_next(err, "raise DB_ENTRY_STATEMENT_TIMEOUT or the migration's"
			      " statement-timeout");
		return;
	default:
		return;
	}
}

bool my_fail(struct my_db *s, const struct sql_statement *statement, struct err *err)
{
	unsigned number = ma.error_number(s->conn);
	const char *text = ma.error(s->conn);
	if (number == 0)
		return err_set(err, ERR_UNEXPECTED, "the server's answer can't be understood");
	if (number >= 2000 && my_is_lost(number))
		return my_fail_lost(s, err);
	err_set(err, ERR_DATABASE, "%.*s", (int)strcspn(text, "\n"), text);
	snprintf(err->code, sizeof(err->code), "%u", number);
	err->retry = my_retry(number);
	/* One that is in a transaction can't be sent again by itself: what it is for is rolled
	 * back. */
	if (err->retry == ERR_RETRY_STATEMENT && s->in_transaction)
		err->retry = ERR_RETRY_TRANSACTION;
	if (statement != NULL && number == 1064)
		err_at(err, statement->file, line_of(statement, text));
	advise(s, number, err);
	return false;
}

bool my_fail_lost(struct my_db *s, struct err *err)
{
	err_set(err, ERR_DATABASE, "the connection to %s is lost",
	    s->label == NULL ? "the server" : s->label);
	snprintf(err->code, sizeof(err->code), "2013");
	err->retry = ERR_RETRY;
	return false;
}

#include "flow/restore.h"
#include "base/text.h"
#include "cmd/commands.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cmd_option options[] = {
    {"yes", NULL, "don't ask; needed where nobody can answer"},
    {"other-database", NULL, "the dump is of another database, and that is meant"},
    {"json", NULL, "print JSON: what was restored, and the safety dump's id"},
    {0},
};

#define ANSWER "restore"

/* One line of the terminal; "" at its end. */
static bool read_answer(char *answer, size_t size, const struct stop *stop, struct err *err)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	if (!stop_poll(stop, &in, 1, err))
		return false;
	ssize_t n = read(STDIN_FILENO, answer, size - 1);
	if (n < 0)
		return err_errno(err, ERR_USAGE, "the answer can't be read");
	answer[n] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	return true;
}

static bool ask(const struct flow *flow, const char *loss, struct err *err)
{
	char answer[64];
	fprintf(stderr, "%s\nType " ANSWER " to go on: ", loss);
	fflush(stderr);
	if (!read_answer(answer, sizeof(answer), &flow->stop, err))
		return false;
	return text_is(answer, ANSWER) ||
	       err_set(err, ERR_USAGE, "not confirmed; nothing was changed");
}

static bool confirm(const struct cmd_call *call, const struct flow *flow,
    const struct flow_restore *restore, struct err *err)
{
	CLEANUP(buf_free) struct buf loss = buf_init(16384);
	if (cmd_option(call, "yes") != NULL || !flow->probe.exists)
		return true;
	flow_restore_loss(flow, restore, "\n", &loss);
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return ask(flow, loss.data, err);
	err_set(err, ERR_USAGE, "nobody is there to confirm the restore; nothing was changed");
	err_why(err, "%s", loss.data);
	return err_next(err, "db-entry restore %s --yes%s", restore->name,
	    cmd_option(call, "other-database") == NULL ? "" : " --other-database");
}

/* --yes is said by scripts, whatever the dump; that another database is meant is said once. */
static bool check_other(const struct cmd_call *call, const struct flow *flow,
    const struct flow_restore *restore, struct err *err)
{
	CLEANUP(buf_free) struct buf loss = buf_init(16384);
	if (restore->other == NULL || !flow->probe.exists ||
	    cmd_option(call, "other-database") != NULL)
		return true;
	flow_restore_loss(flow, restore, "\n", &loss);
	err_set(err, ERR_USAGE, "%s", restore->other);
	err_why(err, "nothing was changed");
	err_why(err, "%s", loss.data);
	err_next(err, "db-entry dump list");
	return err_next(err, "or, when that is meant: db-entry restore %s%s --other-database",
	    restore->name, cmd_option(call, "yes") == NULL ? "" : " --yes");
}

static bool report_json(
    const struct flow *flow, const struct flow_restore *restore, struct err *err)
{
	CLEANUP(json_free) struct json *object = json_new_object();
	json_add_text(object, "database", flow->probe.label);
	json_add_text(object, "dump", restore->name);
	json_add_text(object, "since", restore->since);
	json_add_text(object, "safety", restore->safety);
	json_add_int(object, "applied", (int64_t)plan_applied(&flow->plan));
	json_add_text(object, "newest", plan_newest(&flow->plan));
	return cmd_print_json(object, err);
}

static bool report(const struct cmd_call *call, const struct flow *flow,
    const struct flow_restore *restore, struct err *err)
{
	if (cmd_option(call, "json") != NULL)
		return report_json(flow, restore, err);
	CLEANUP(buf_free) struct buf text = buf_init(4096);
	const char *newest = plan_newest(&flow->plan);
	buf_printf(&text, "%s: %zu applied%s%s\n", flow->probe.label, plan_applied(&flow->plan),
	    newest == NULL ? "" : ", newest ", newest == NULL ? "" : newest);
	return cmd_print(&text, err);
}

static bool run(struct cmd_call *call, struct err *err)
{
	struct flow flow;
	struct flow_restore restore = {0};
	bool ok = flow_open_database(&flow, &call->config, "restore", err) &&
		  flow_backup_check(&call->config, err) &&
		  flow_restore_open(&flow, &restore, call->operands[0], err) &&
		  check_other(call, &flow, &restore, err) && confirm(call, &flow, &restore, err) &&
		  flow_restore_do(&flow, &restore, err) && report(call, &flow, &restore, err);
	flow_restore_close(&restore);
	flow_finish(&flow, ok ? NULL : err);
	flow_close(&flow);
	return ok;
}

const struct cmd cmd_restore = {
    .name = "restore",
    .synopsis = "[OPTION…] ID|FILE",
    .summary = "make the database what a dump is",
    .help =
	"The dump is verified, what will be lost is said and confirmed, and a safety dump made\n"
	"before the database is replaced, all or nothing. Afterwards the history is that of the\n"
	"dump. A dump of another database is refused unless --other-database is given too.\n"
	"End the application first: it would go on with what it remembers.",
    .options = options,
    .operands_least = 1,
    .operands_most = 1,
    .needs_config = true,
    .run = run,
};

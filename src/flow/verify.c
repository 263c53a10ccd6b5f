#include "flow/verify.h"
#include "base/fs.h"
#include "base/log.h"
#include "flow/events.h"
#include "flow/mirror.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool digest_of(const struct flow *flow, char hex[DIGEST_HEX + 1], struct err *err)
{
	const char *path = config_text(flow->config, SETTING_MIRROR);
	const char *ignored = config_text(flow->config, SETTING_IGNORE);
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	CLEANUP(digest_free) struct digest *digest = NULL;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (!fs_read(path, &text, ERR_MALFORMED, err))
		return false;
	digest = digest_new();
	digest_add(digest, text.data, text.len + 1);
	if (ignored != NULL)
		digest_add(digest, ignored, strlen(ignored));
	digest_hex(digest, hex);
	return true;
}

bool flow_expect(struct flow *flow, struct err *err)
{
	struct expectation *expected = &flow->expected;
	bool judged = !config_is(flow->config, SETTING_MISMATCH, "ignore") && flow->set.count > 0;
	if (!expected->known && judged && !digest_of(flow, expected->digest, err))
		return false;
	expected->known = true;
	return true;
}

bool flow_expect_parsed(struct flow *flow, struct err *err)
{
	struct expectation *expected = &flow->expected;
	if (!flow_expect(flow, err))
		return false;
	if (expected->parsed || expected->digest[0] == '\0')
		return true;
	expected->parsed = true;
	if (flow_read_mirror(flow, &expected->mirror, err))
		return true;
	return expected->mirror.foreign != NULL;
}

bool flow_verify_applies(const struct flow *flow)
{
	return flow->plan.counts[PLAN_FUTURE] + flow->plan.counts[PLAN_FLOOR] +
		   flow->plan.counts[PLAN_MISSING] + flow->plan.counts[PLAN_UNFINISHED] ==
	       0;
}

bool flow_verdict_holds(const struct flow *flow, const struct snapshot *snapshot)
{
	return strcmp(flow->expected.digest, snapshot->mirror) == 0;
}

static void count(struct snapshot *now, const struct schema_diff *diff)
{
	size_t missing = diff->only_left + diff->changed;
	now->verdict = missing > 0            ? SNAPSHOT_MISSING
		       : diff->only_right > 0 ? SNAPSHOT_EXTRA
					      : SNAPSHOT_MATCHES;
	now->differences = (int64_t)(missing > 0 ? missing : diff->only_right);
}

bool flow_verify(
    struct flow *flow, const struct schema *live, struct snapshot *now, struct err *err)
{
	struct schema_diff diff = {0};
	struct expectation *expected = &flow->expected;
	if (!flow_expect_parsed(flow, err))
		return false;
	memcpy(now->mirror, expected->digest, sizeof(now->mirror));
	if (expected->digest[0] == '\0' || expected->mirror.foreign != NULL)
		return true;
	if (!flow_compare(flow, &expected->mirror, live, &diff, err))
		return false;
	count(now, &diff);
	return flow_verdict(flow, now, &diff, err);
}

bool flow_verdict_refuses(const struct flow *flow, const struct snapshot *snapshot)
{
	bool strict = config_is(flow->config, SETTING_MISMATCH, "strict");
	return (strict && snapshot->verdict == SNAPSHOT_EXTRA) ||
	       ((strict || config_is(flow->config, SETTING_MISMATCH, "missing")) &&
		   snapshot->verdict == SNAPSHOT_MISSING);
}

static bool refuse(const struct flow *flow, const struct snapshot *snapshot,
    const struct schema_diff *diff, struct err *err)
{
	const char *mirror = config_text(flow->config, SETTING_MIRROR);
	long long count = (long long)snapshot->differences;
	bool missing = snapshot->verdict == SNAPSHOT_MISSING;
	err_set(err, ERR_MISMATCH, "%s %s %s: %lld object%s", flow->probe.label,
	    missing ? "lacks what is stated in" : "has what is not stated in", mirror, count,
	    count == 1 ? "" : "s");
	if (diff != NULL)
		flow_tell_differences(diff, "mirror", "database", !missing, err);
	err_next(err, "when %s is right: db-entry new NAME, and write what is missing", mirror);
	if (flow->applying != NULL)
		return err_next(err,
		    "when %s is right: DB_ENTRY_MISMATCH=warn db-entry apply, then db-entry mirror"
		    " pull, and commit the file",
		    flow->applying);
	err_next(err, "when the database is right: db-entry mirror pull, and commit the file");
	return err_next(err, "to start all the same: DB_ENTRY_MISMATCH=warn");
}

bool flow_verdict(const struct flow *flow, const struct snapshot *snapshot,
    const struct schema_diff *diff, struct err *err)
{
	const char *mirror = config_text(flow->config, SETTING_MIRROR);
	long long count = (long long)snapshot->differences;
	if (flow_verdict_refuses(flow, snapshot))
		return refuse(flow, snapshot, diff, err);
	if (snapshot->verdict == SNAPSHOT_MISSING)
		log_event(&events[EVENT_MIRROR_MISSING],
		    FIELDS(FIELD("mirror", mirror), FIELD_INT("count", snapshot->differences)),
		    "%s lacks what is stated in %s: %lld object%s (db-entry diff)",
		    flow->probe.label, mirror, count, count == 1 ? "" : "s");
	if (snapshot->verdict == SNAPSHOT_EXTRA)
		log_event(&events[EVENT_MIRROR_EXTRA],
		    FIELDS(FIELD("mirror", mirror), FIELD_INT("count", snapshot->differences)),
		    "%s has %lld object%s that %s not stated in %s (db-entry diff)",
		    flow->probe.label, count, count == 1 ? "" : "s", count == 1 ? "is" : "are",
		    mirror);
	return true;
}

/* The registry of what is made for AI agents to read: docs/context/registry.json. */
#include "base/digest.h"
#include "base/fs.h"
#include "base/sink.h"
#include "base/text.h"
#include "cmd/mirror.h"
#include "schema/mirror.h"
#include <errno.h>
#include <unistd.h>

#define ARTIFACT "docs/context/db/schema.json"
#define REGISTRY "docs/context/registry.json"

static const char id[] = "db-schema";

static void digest_of(const struct buf *text, char hex[DIGEST_HEX + 1])
{
	CLEANUP(digest_free) struct digest *digest = digest_new();
	digest_add(digest, text->data, text->len);
	digest_hex(digest, hex);
}

/* An artifact that is there keeps what else it says, and its time as long as it is the same. */
static void add_artifact(
    struct json *array, const struct json *old, const char *source, const char *sum)
{
	char now[TEXT_TIME_SIZE];
	struct json *artifact = json_add_object(array, NULL);
	bool same = text_is(json_text(json_get(old, "checksumSha256")), sum);
	const char *time = json_text(json_get(old, "lastUpdated"));
	text_now(now);
	json_add_text(artifact, "id", id);
	json_add_text(artifact, "type", "db-schema");
	json_add_text(artifact, "path", ARTIFACT);
	json_add_text(artifact, "mode", "generated");
	json_add_text(artifact, "format", "json");
	struct json *tags = json_add_array(artifact, "tags");
	json_add_text(tags, NULL, "database");
	json_add_text(tags, NULL, "schema");
	json_add_text(artifact, "checksumSha256", sum);
	json_add_text(artifact, "lastUpdated", same && time != NULL ? time : now);
	json_add_text(json_add_object(artifact, "source"), "path", source);
	json_each (member, old)
		if (json_get(artifact, json_key(member)) == NULL)
			json_add_copy(artifact, json_key(member), member);
}

static const struct json *find_artifact(const struct json *registry)
{
	json_each (artifact, json_get(registry, "artifacts"))
		if (text_is(json_text(json_get(artifact, "id")), id))
			return artifact;
	return NULL;
}

static struct json *build(const struct json *old, const char *source, const char *sum)
{
	char now[TEXT_TIME_SIZE];
	const struct json *mine = find_artifact(old);
	const char *time = json_text(json_get(old, "updatedAt"));
	bool same = time != NULL && text_is(json_text(json_get(mine, "checksumSha256")), sum);
	struct json *root = json_new_object();
	text_now(now);
	json_add_int(root, "version", 1);
	json_add_text(root, "updatedAt", same ? time : now);
	struct json *array = json_add_array(root, "artifacts");
	json_each (artifact, json_get(old, "artifacts")) {
		if (artifact == mine)
			add_artifact(array, mine, source, sum);
		else
			json_add_copy(array, NULL, artifact);
	}
	if (mine == NULL)
		add_artifact(array, NULL, source, sum);
	json_each (member, old)
		if (json_get(root, json_key(member)) == NULL)
			json_add_copy(root, json_key(member), member);
	return root;
}

static bool write_registry(const char *source, const char *sum, struct err *err)
{
	CLEANUP(json_free) struct json *old = NULL;
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	bool there = access(REGISTRY, F_OK) == 0 || errno != ENOENT;
	if (there && !json_read(&old, REGISTRY, MIRROR_MAX, err))
		return false;
	if (there && (!json_is_object(old) || (json_get(old, "artifacts") != NULL &&
						  !json_is_array(json_get(old, "artifacts"))))) {
		err_set(err, ERR_MALFORMED, "it is no registry of artifacts");
		return err_at(err, REGISTRY, 0);
	}
	CLEANUP(json_free) struct json *root = build(old, source, sum);
	json_print(root, true, &text);
	buf_add_char(&text, '\n');
	return sink_put(REGISTRY, text.data, text.len, 0644, err);
}

bool cmd_mirror_sync_context(struct cmd_call *call, struct err *err)
{
	char sum[DIGEST_HEX + 1];
	const char *source = config_text(&call->config, SETTING_MIRROR);
	CLEANUP(buf_free) struct buf text = buf_init(MIRROR_MAX);
	CLEANUP(buf_free) struct buf out = buf_init(4096);
	CLEANUP(json_free) struct json *document = NULL;
	if (!fs_read(source, &text, ERR_CONFIG, err))
		return err_next(err, "db-entry mirror pull");
	if (!json_parse(&document, text.data, text.len, source, err))
		return false;
	digest_of(&text, sum);
	if (!fs_make_folders("docs/context/db", 0755, err) ||
	    !sink_put(ARTIFACT, text.data, text.len, 0644, err) ||
	    !write_registry(source, sum, err))
		return false;
	buf_printf(&out, "%s\n%s\n", ARTIFACT, REGISTRY);
	return cmd_print(&out, err);
}

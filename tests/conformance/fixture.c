#include "conformance/fixture.h"
#include "base/json.h"
#include <stdint.h>
#include <stdio.h>

const struct fixture *const fixtures[] = {
    &fixture_sqlite,
    &fixture_postgres,
    &fixture_mariadb,
    NULL,
};

const char *fixture_id_name(enum fixture_id id)
{
	static const char *const names[FIXTURE_IDS] = {
	    [TABLE] = "table",
	    [ROW] = "row",
	    [DUPLICATE] = "duplicate",
	    [SYNTAX] = "syntax",
	    [NO_TABLE] = "no-table",
	    [RESULTS_SETUP] = "results-setup",
	    [RESULTS] = "results",
	    [NOTICE] = "notice",
	    [SETTING] = "setting",
	    [SETTING_READ] = "setting-read",
	    [TEMPORARY] = "temporary",
	    [LONG] = "long",
	    [PARENT] = "parent",
	    [CHILD] = "child",
	    [VIOLATION] = "violation",
	    [PARENT_ROW] = "parent-row",
	    [CHILD_ROW] = "child-row",
	    [OLD_1] = "old-1",
	    [OLD_2] = "old-2",
	    [OLD_3] = "old-3",
	    [KEPT] = "kept",
	    [KEPT_ROWS] = "kept-rows",
	    [NONE_DELETED] = "none-deleted",
	    [ADD_COLUMN] = "add-column",
	    [BACKFILL] = "backfill",
	    [DROP_SPARE] = "drop-spare",
	    [OVERWRITE] = "overwrite",
	    [OWNER] = "owner",
	    [PIECE] = "piece",
	    [OWNER_ROW] = "owner-row",
	    [PIECE_ROW] = "piece-row",
	    [OTHER_OWNER] = "other-owner",
	    [CASCADE] = "cascade",
	    [TRIGGER_1] = "trigger-1",
	    [TRIGGER_2] = "trigger-2",
	    [TRIGGER_OFF] = "trigger-off",
	    [DELETED] = "deleted",
	    [REBUILT] = "rebuilt",
	    [COPY] = "copy",
	    [COPY_SOME] = "copy-some",
	    [DROP_LABEL] = "drop-label",
	    [DROP_KEPT] = "drop-kept",
	    [RENAME] = "rename",
	};
	return names[id];
}

void fixture_print(const struct fixture *fixture)
{
	CLEANUP(buf_free) struct buf text = buf_init(SIZE_MAX / 2);
	CLEANUP(json_free) struct json *list = json_new_array();
	for (enum fixture_id id = 0; id < FIXTURE_IDS; id++) {
		if (fixture->sql[id].sql == NULL)
			continue;
		struct json *item = json_add_object(list, NULL);
		json_add_text(item, "name", fixture_id_name(id));
		json_add_text(item, "sql", fixture->sql[id].sql);
		json_add_text(item, "fails", fixture->sql[id].code);
	}
	json_print(list, true, &text);
	puts(text.data);
}

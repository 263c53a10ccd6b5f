/*
 * The pages that are made from the program's own tables, so that they can't disagree with it. Each
 * function appends one whole page.
 */
#ifndef DB_ENTRY_DOCS_GENERATE_H
#define DB_ENTRY_DOCS_GENERATE_H

#include "base/buf.h"
#include "base/err.h"

/* docs/generate_pages.c */
void page_configuration(struct buf *out);
void page_exit_codes(struct buf *out);
void page_events(struct buf *out);
void page_cli(struct buf *out);

/* docs/generate_manual.c */
void page_manual(struct buf *out);

/* docs/generate_completions.c */
void page_bash(struct buf *out);
void page_zsh(struct buf *out);
void page_fish(struct buf *out);

/* docs/generate_pages.c: the exit codes, in order, without those that never leave the program. */
struct exit_code {
	enum err_kind kind;
	const char *advice; /* what to do, one line of Markdown */
};

enum {
	EXIT_CODES = ERR_KINDS - 2
};

extern const struct exit_code exit_codes[EXIT_CODES];

/* "75"; "128+n" where a signal decides. */
void exit_code_text(enum err_kind kind, char *out, size_t size);

#endif

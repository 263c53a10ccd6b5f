/* Prints one of the pages that are made from the program's tables: generate PAGE. */
#include "generate.h"
#include <stdio.h>
#include <string.h>

static const struct page {
	const char *name;
	void (*write)(struct buf *out);
} pages[] = {
    {"configuration.md", page_configuration},
    {"exit-codes.md", page_exit_codes},
    {"events.md", page_events},
    {"cli.md", page_cli},
    {"db-entry.1", page_manual},
    {"db-entry.bash", page_bash},
    {"_db-entry", page_zsh},
    {"db-entry.fish", page_fish},
};

static const struct page *find_page(const char *name)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].name, name) == 0)
			return &pages[i];
	return NULL;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_free) struct buf out = buf_init(1 << 20);
	const struct page *page = argc == 2 ? find_page(argv[1]) : NULL;

	if (page == NULL) {
		fprintf(stderr, "usage: generate PAGE\n");
		return 64;
	}
	page->write(&out);
	if (out.overflow || fwrite(out.data, 1, out.len, stdout) != out.len ||
	    fflush(stdout) != 0) {
		fprintf(stderr, "%s could not be written\n", page->name);
		return 1;
	}
	return 0;
}

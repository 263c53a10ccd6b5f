#include "flow/termination.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ellipsis[] = "…\n";

/* On a whole character. */
static void shorten(struct buf *text)
{
	size_t end = TERMINATION_MAX - (sizeof(ellipsis) - 1);
	if (text->len <= TERMINATION_MAX)
		return;
	while (end > 0 && ((unsigned char)text->data[end] & 0xC0) == 0x80)
		end--;
	text->len = end;
	buf_add_text(text, ellipsis);
}

/* The file is mounted into the container: a new one in its place would be read by nobody. */
static int open_existing(const char *path)
{
	CLEANUP(fs_close)
	int fd = open(path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat found;
	if (fd < 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
		return -1;
	int kept = fd;
	fd = -1;
	return kept;
}

void termination_write(const char *path, const struct err *err)
{
	CLEANUP(buf_free) struct buf text = buf_init(SIZE_MAX);
	CLEANUP(fs_close) int fd = open_existing(path);
	if (fd < 0)
		return;
	log_error_text(err, &text);
	shorten(&text);
	ssize_t written = write(fd, text.data, text.len);
	(void)written; /* a message that can't be left is no failure */
}

#include "base/pack.h"
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
	LEVEL = 1 /* it is written while others wait */
};

static void *allocate(size_t size)
{
	void *memory = malloc(size);
	if (memory == NULL)
		err_die("out of memory");
	return memory;
}

void pack_text(const char *text, size_t len, struct buf *out)
{
	size_t bound = ZSTD_compressBound(len);
	unsigned char *bytes = allocate(bound);
	size_t count = ZSTD_compress(bytes, bound, text, len, LEVEL);
	if (ZSTD_isError(count) || count > INT_MAX / 2)
		err_die("zstd failed on a text in memory");
	unsigned char *base64 = allocate(4 * (count / 3 + 1) + 1);
	int written = EVP_EncodeBlock(base64, bytes, (int)count);
	buf_add(out, base64, (size_t)written);
	free(base64);
	free(bytes);
}

static bool damaged(struct err *err)
{
	return err_set(err, ERR_UNEXPECTED, "a packed text is damaged");
}

static bool expand(const unsigned char *bytes, size_t count, struct buf *out, struct err *err)
{
	unsigned long long len = ZSTD_getFrameContentSize(bytes, count);
	if (len == ZSTD_CONTENTSIZE_ERROR || len == ZSTD_CONTENTSIZE_UNKNOWN || len > out->max)
		return damaged(err);
	char *text = allocate((size_t)len + 1);
	bool ok = ZSTD_decompress(text, (size_t)len, bytes, count) == len;
	if (ok)
		buf_add(out, text, (size_t)len);
	free(text);
	return ok && !out->overflow ? true : damaged(err);
}

bool unpack_text(const char *packed, struct buf *out, struct err *err)
{
	size_t len = strlen(packed);
	if (len == 0 || len % 4 != 0 || len > INT_MAX)
		return damaged(err);
	unsigned char *bytes = allocate(len / 4 * 3);
	int count = EVP_DecodeBlock(bytes, (const unsigned char *)packed, (int)len);
	/* It counts the padding as zero bytes, and zstd takes nothing behind its frame. */
	for (size_t end = len; count > 0 && packed[end - 1] == '=' && len - end < 2; end--)
		count--;
	bool ok = count > 0 ? expand(bytes, (size_t)count, out, err) : damaged(err);
	free(bytes);
	return ok;
}

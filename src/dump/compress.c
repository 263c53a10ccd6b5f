/*
 * Packing and unpacking: zstd and gzip behind one shape. Level 1 of both: a dump is read from and
 * written to a disk meanwhile, and everybody waits for it.
 */
#include "dump/parts.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST /* it reads its input, and says so only then */
#include <zlib.h>
#include <zstd.h>

enum {
	OUT = 128 * 1024,
	LEVEL = 1,
	GZIP_WINDOW = 15 + 16 /* zlib's way to say gzip, and not its own format */
};

struct packing {
	struct sink sink;
	struct sink *next;
	enum dump_compression compression;
	ZSTD_CCtx *zstd;
	z_stream gzip;
	unsigned char out[OUT];
};

struct dump_unpacker {
	struct sink *next;
	enum dump_compression compression;
	ZSTD_DCtx *zstd;
	z_stream gzip;
	bool ended; /* at the end of a frame or member */
	unsigned char out[OUT];
};

static const char *const suffixes[] = {
    [DUMP_ZSTD] = ".zst", [DUMP_GZIP] = ".gz", [DUMP_PLAIN] = ""};

const char *dump_suffix(enum dump_compression compression)
{
	return suffixes[compression];
}

enum dump_compression dump_compression_of(const void *head, size_t len)
{
	if (len >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		return DUMP_ZSTD;
	return len >= 2 && memcmp(head, "\x1f\x8b", 2) == 0 ? DUMP_GZIP : DUMP_PLAIN;
}

static bool pack_zstd(struct packing *p, const void *data, size_t len, bool last,
    const struct stop *stop, struct err *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;
	do {
		ZSTD_outBuffer out = {p->out, sizeof(p->out), 0};
		left =
		    ZSTD_compressStream2(p->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(err, ERR_UNEXPECTED, "zstd: %s", ZSTD_getErrorName(left));
		if (out.pos > 0 && !sink_write(p->next, p->out, out.pos, stop, err))
			return false;
	} while (last ? left > 0 : in.pos < in.size);
	return true;
}

/* zlib counts in unsigned int; what is written at once is smaller by far, and cut all the same. */
static bool pack_gzip(struct packing *p, const unsigned char *data, size_t len, bool last,
    const struct stop *stop, struct err *err)
{
	do {
		uInt part = len < OUT ? (uInt)len : OUT;
		bool end = last && part == len;
		p->gzip.next_in = data;
		p->gzip.avail_in = part;
		do {
			p->gzip.next_out = p->out;
			p->gzip.avail_out = sizeof(p->out);
			deflate(&p->gzip, end ? Z_FINISH : Z_NO_FLUSH);
			size_t made = sizeof(p->out) - p->gzip.avail_out;
			if (made > 0 && !sink_write(p->next, p->out, made, stop, err))
				return false;
		} while (p->gzip.avail_out == 0);
		data += part;
		len -= part;
	} while (len > 0);
	return true;
}

static bool pack(struct packing *p, const void *data, size_t len, bool last,
    const struct stop *stop, struct err *err)
{
	return p->compression == DUMP_ZSTD ? pack_zstd(p, data, len, last, stop, err)
					   : pack_gzip(p, data, len, last, stop, err);
}

static bool packing_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	return pack((struct packing *)sink, data, len, false, stop, err);
}

static void packing_free(struct packing *p)
{
	ZSTD_freeCCtx(p->zstd);
	if (p->compression == DUMP_GZIP)
		deflateEnd(&p->gzip);
	free(p);
}

static bool packing_commit(struct sink *sink, struct err *err)
{
	struct packing *p = (struct packing *)sink;
	struct stop stop = stop_never(); /* the end is a block at most */
	bool ok = pack(p, "", 0, true, &stop, err);
	struct sink *next = p->next;
	packing_free(p);
	if (ok)
		return sink_commit(next, err);
	sink_abort(next);
	return false;
}

static void packing_abort(struct sink *sink)
{
	struct packing *p = (struct packing *)sink;
	sink_abort(p->next);
	packing_free(p);
}

/*
 * With a worker it packs while the next bytes are read. Its thread must see no signals. A library
 * without threads, or a system that has none left, does without.
 */
static bool begin_zstd(struct packing *p, int workers)
{
	ZSTD_inBuffer in = {"", 0, 0};
	ZSTD_outBuffer out = {p->out, sizeof(p->out), 0};
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ZSTD_CCtx_reset(p->zstd, ZSTD_reset_session_and_parameters);
	bool ok = !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, LEVEL)) &&
		  !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1)) &&
		  !ZSTD_isError(ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_nbWorkers, workers)) &&
		  !ZSTD_isError(ZSTD_compressStream2(p->zstd, &out, &in, ZSTD_e_continue));
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok && out.pos == 0;
}

struct sink *dump_compress(enum dump_compression compression, struct sink *next)
{
	if (compression == DUMP_PLAIN)
		return next;
	struct packing *p = calloc(1, sizeof(*p));
	if (p == NULL)
		err_die("out of memory");
	p->sink = (struct sink){packing_write, packing_commit, packing_abort};
	p->next = next;
	p->compression = compression;
	bool ready;
	if (compression == DUMP_ZSTD) {
		p->zstd = ZSTD_createCCtx();
		ready = p->zstd != NULL && (begin_zstd(p, 1) || begin_zstd(p, 0));
	} else {
		ready = deflateInit2(&p->gzip, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
			    Z_DEFAULT_STRATEGY) == Z_OK;
	}
	if (!ready)
		err_die("out of memory");
	return &p->sink;
}

struct dump_unpacker *dump_unpacker_new(enum dump_compression compression, struct sink *next)
{
	struct dump_unpacker *u = calloc(1, sizeof(*u));
	if (u == NULL)
		err_die("out of memory");
	u->next = next;
	u->compression = compression;
	if (compression == DUMP_ZSTD)
		u->zstd = ZSTD_createDCtx();
	bool ready = compression == DUMP_PLAIN ||
		     (compression == DUMP_ZSTD ? u->zstd != NULL
					       : inflateInit2(&u->gzip, GZIP_WINDOW) == Z_OK);
	if (!ready)
		err_die("out of memory");
	return u;
}

static bool unpack_zstd(
    struct dump_unpacker *u, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	ZSTD_inBuffer in = {data, len, 0};
	bool full = false;
	while (in.pos < in.size || full) {
		ZSTD_outBuffer out = {u->out, sizeof(u->out), 0};
		size_t left = ZSTD_decompressStream(u->zstd, &out, &in);
		if (ZSTD_isError(left))
			return err_set(err, ERR_DUMP, "zstd: %s", ZSTD_getErrorName(left));
		u->ended = left == 0;
		/* Behind the end of a frame a call would begin the next. */
		full = out.pos == out.size && !u->ended;
		if (out.pos > 0 && !sink_write(u->next, u->out, out.pos, stop, err))
			return false;
	}
	return true;
}

/* A file may be several members, one behind the other. */
static bool unpack_gzip(
    struct dump_unpacker *u, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	u->gzip.next_in = data;
	u->gzip.avail_in = (uInt)len;
	do {
		if (u->ended && u->gzip.avail_in > 0)
			inflateReset(&u->gzip);
		u->gzip.next_out = u->out;
		u->gzip.avail_out = sizeof(u->out);
		int code = inflate(&u->gzip, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return err_set(err, ERR_DUMP, "gzip: %s",
			    u->gzip.msg == NULL ? "damaged" : u->gzip.msg);
		if (code != Z_BUF_ERROR)
			u->ended = code == Z_STREAM_END;
		size_t made = sizeof(u->out) - u->gzip.avail_out;
		if (made > 0 && !sink_write(u->next, u->out, made, stop, err))
			return false;
	} while (u->gzip.avail_in > 0 || (u->gzip.avail_out == 0 && !u->ended));
	return true;
}

bool dump_unpack(
    struct dump_unpacker *u, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	switch (u->compression) {
	case DUMP_ZSTD:
		return unpack_zstd(u, data, len, stop, err);
	case DUMP_GZIP:
		return unpack_gzip(u, data, len, stop, err);
	case DUMP_PLAIN:
		break;
	}
	return sink_write(u->next, data, len, stop, err);
}

bool dump_unpacked(const struct dump_unpacker *u)
{
	return u->compression == DUMP_PLAIN || u->ended;
}

void dump_unpacker_free(struct dump_unpacker **unpacker)
{
	struct dump_unpacker *u = *unpacker;
	if (u == NULL)
		return;
	ZSTD_freeDCtx(u->zstd);
	if (u->compression == DUMP_GZIP)
		inflateEnd(&u->gzip);
	free(u);
	*unpacker = NULL;
}

const char *dump_zstd_library(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "zstd %s", ZSTD_versionString());
	return text;
}

const char *dump_zlib_library(void)
{
	static char text[32];
	snprintf(text, sizeof(text), "zlib %s", zlibVersion());
	return text;
}

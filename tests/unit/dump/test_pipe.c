/* Packing, unpacking, measuring. */
#include "dump/parts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After those it needs. */
#include <cmocka.h>

enum {
	SIZE = 1 << 20
};

/* A sink into memory. */
struct memory {
	struct sink sink;
	struct buf bytes;
	int committed, aborted;
};

static bool memory_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	(void)stop;
	(void)err;
	buf_add(&((struct memory *)sink)->bytes, data, len);
	return true;
}

static bool memory_commit(struct sink *sink, struct err *err)
{
	(void)err;
	((struct memory *)sink)->committed++;
	return true;
}

static void memory_abort(struct sink *sink)
{
	((struct memory *)sink)->aborted++;
}

static struct memory memory_new(void)
{
	return (struct memory){
	    .sink = {memory_write, memory_commit, memory_abort}, .bytes = buf_init(SIZE * 4)};
}

static void fill(char *data, size_t len, bool random)
{
	unsigned seed = 1;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245U + 12345U;
		data[i] = random ? (char)(seed >> 16) : (char)('a' + i % 7);
	}
}

static struct memory pack(enum dump_compression compression, const char *data, size_t len)
{
	struct memory packed = memory_new();
	struct stop stop = stop_never();
	struct dump_measure measure = {0};
	struct err err;
	struct sink *sink = dump_compress(compression, dump_measuring(&packed.sink, &measure));
	for (size_t at = 0; at < len; at += 100000)
		assert_true(sink_write(
		    sink, data + at, len - at < 100000 ? len - at : 100000, &stop, &err));
	assert_true(sink_commit(sink, &err));
	assert_int_equal(packed.committed, 1);
	assert_int_equal(measure.bytes, packed.bytes.len);
	assert_int_equal(strlen(measure.sha256), 64);
	return packed;
}

/* In pieces of `piece` bytes; false when the stream is damaged or not whole. */
static bool unpack(
    struct memory *out, enum dump_compression compression, const struct buf *from, size_t piece)
{
	struct stop stop = stop_never();
	struct err err;
	struct dump_unpacker *unpacker = dump_unpacker_new(compression, &out->sink);
	bool ok = true;
	for (size_t at = 0; ok && at < from->len; at += piece)
		ok = dump_unpack(unpacker, from->data + at,
		    from->len - at < piece ? from->len - at : piece, &stop, &err);
	ok = ok && dump_unpacked(unpacker);
	dump_unpacker_free(&unpacker);
	assert_null(unpacker);
	return ok;
}

static void what_goes_in_comes_out(void **state)
{
	static const size_t sizes[] = {0, 1, 131072, 262144, SIZE};
	char *data = malloc(SIZE);
	(void)state;
	assert_non_null(data);
	for (int kind = DUMP_ZSTD; kind <= DUMP_PLAIN; kind++) {
		for (int i = 0; i < 10; i++) {
			size_t len = sizes[i / 2];
			fill(data, len, i % 2 == 1);
			struct memory packed = pack((enum dump_compression)kind, data, len);
			struct memory out = memory_new();
			if (len > 0)
				assert_int_equal(
				    dump_compression_of(packed.bytes.data, packed.bytes.len), kind);
			assert_true(unpack(&out, (enum dump_compression)kind, &packed.bytes,
			    i % 3 == 0 ? 7919 : 65536));
			assert_int_equal(out.bytes.len, len);
			if (len > 0)
				assert_memory_equal(out.bytes.data, data, len);
			buf_free(&packed.bytes);
			buf_free(&out.bytes);
		}
	}
	free(data);
}

static void cut_stream_is_not_whole(void **state)
{
	char *data = malloc(SIZE);
	(void)state;
	assert_non_null(data);
	fill(data, SIZE, true);
	for (int kind = DUMP_ZSTD; kind <= DUMP_GZIP; kind++) {
		struct memory packed = pack((enum dump_compression)kind, data, SIZE);
		struct memory out = memory_new();
		packed.bytes.len -= 1;
		assert_false(unpack(&out, (enum dump_compression)kind, &packed.bytes, 65536));
		packed.bytes.len /= 2;
		assert_false(unpack(&out, (enum dump_compression)kind, &packed.bytes, 65536));
		buf_free(&packed.bytes);
		buf_free(&out.bytes);
	}
	free(data);
}

static void changed_byte_is_noticed(void **state)
{
	char *data = malloc(SIZE);
	(void)state;
	assert_non_null(data);
	fill(data, SIZE, false);
	for (int kind = DUMP_ZSTD; kind <= DUMP_GZIP; kind++) {
		struct memory packed = pack((enum dump_compression)kind, data, SIZE);
		struct memory out = memory_new();
		packed.bytes.data[packed.bytes.len - 2] ^= 1;
		assert_false(unpack(&out, (enum dump_compression)kind, &packed.bytes, 65536));
		buf_free(&packed.bytes);
		buf_free(&out.bytes);
	}
	free(data);
}

static void abort_reaches_the_end(void **state)
{
	struct stop stop = stop_never();
	struct err err;
	(void)state;
	for (int kind = DUMP_ZSTD; kind <= DUMP_PLAIN; kind++) {
		struct memory packed = memory_new();
		struct dump_measure measure = {.bytes = -1};
		struct sink *sink = dump_compress(
		    (enum dump_compression)kind, dump_measuring(&packed.sink, &measure));
		assert_true(sink_write(sink, "x", 1, &stop, &err));
		sink_abort(sink);
		assert_int_equal(packed.aborted, 1);
		assert_int_equal(packed.committed, 0);
		assert_int_equal(measure.bytes, -1);
		buf_free(&packed.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_goes_in_comes_out),
	    cmocka_unit_test(cut_stream_is_not_whole),
	    cmocka_unit_test(changed_byte_is_noticed),
	    cmocka_unit_test(abort_reaches_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

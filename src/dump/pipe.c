#include "dump/parts.h"
#include <stdlib.h>

struct measuring {
	struct sink sink;
	struct sink *next;
	struct digest *digest;
	int64_t bytes;
	struct dump_measure *measure;
};

static bool measuring_write(
    struct sink *sink, const void *data, size_t len, const struct stop *stop, struct err *err)
{
	struct measuring *m = (struct measuring *)sink;
	if (!sink_write(m->next, data, len, stop, err))
		return false;
	digest_add(m->digest, data, len);
	m->bytes += (int64_t)len;
	return true;
}

static bool measuring_commit(struct sink *sink, struct err *err)
{
	struct measuring *m = (struct measuring *)sink;
	bool ok = sink_commit(m->next, err);
	if (ok) {
		m->measure->bytes = m->bytes;
		digest_hex(m->digest, m->measure->sha256);
	}
	digest_free(&m->digest);
	free(m);
	return ok;
}

static void measuring_abort(struct sink *sink)
{
	struct measuring *m = (struct measuring *)sink;
	sink_abort(m->next);
	digest_free(&m->digest);
	free(m);
}

struct sink *dump_measuring(struct sink *next, struct dump_measure *measure)
{
	struct measuring *m = calloc(1, sizeof(*m));
	if (m == NULL)
		err_die("out of memory");
	*m = (struct measuring){
	    .sink = {measuring_write, measuring_commit, measuring_abort},
	    .next = next,
	    .digest = digest_new(),
	    .measure = measure,
	};
	return &m->sink;
}

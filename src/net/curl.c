#include "net/curl.h"
#include "base/library.h"

/* The names are as old as the interface we use: since 2006. */
static const char *const files[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so", NULL};

static bool find(struct curl *curl, const struct library *library, struct err *err)
{
#define FIND(name)                                                                                 \
	if (!LIBRARY_FIND(library, curl_##name, &curl->name, err))                                 \
		return false;
	CURL_FUNCTIONS(FIND)
#undef FIND
	return curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool curl_open(const struct curl **ret, struct err *err)
{
	static struct curl curl;
	static bool ready;
	struct library library;
	struct err ignored;
	if (!ready && (!library_open(&library, "libcurl", files, &ignored) ||
			  !find(&curl, &library, &ignored))) {
		err_set(err, ERR_CONFIG, "there is no libcurl, which https:// needs");
		return err_next(err, "apt-get install libcurl4 ca-certificates");
	}
	ready = true;
	*ret = &curl;
	return true;
}

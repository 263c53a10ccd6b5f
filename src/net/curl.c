#include "net/curl.h"
#include <dlfcn.h>
#include <string.h>

/* The names are as old as the interface we use: since 2006. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"};

static bool find(struct curl *curl, void *library)
{
	void *found;
	/* A pointer to an object is not to be cast into one to a function. */
#define FIND(name)                                                                                 \
	if ((found = dlsym(library, "curl_" #name)) == NULL)                                       \
		return false;                                                                      \
	memcpy(&curl->name, &found, sizeof(found));
	CURL_FUNCTIONS(FIND)
#undef FIND
	return true;
}

static bool load(struct curl *curl)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
		if (library != NULL && find(curl, library) &&
		    curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
			return true;
	}
	return false;
}

bool curl_open(const struct curl **ret, struct err *err)
{
	static struct curl curl;
	static bool ready;
	if (!ready && !load(&curl)) {
		err_set(err, ERR_CONFIG, "there is no libcurl, which https:// needs");
		return err_next(err, "apt-get install libcurl4 ca-certificates");
	}
	ready = true;
	*ret = &curl;
	return true;
}

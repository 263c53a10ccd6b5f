/* libcurl, opened when it is needed first. Of net/ alone. */
#ifndef DB_ENTRY_NET_CURL_H
#define DB_ENTRY_NET_CURL_H

#include "base/err.h"
#include <curl/curl.h>

#define CURL_FUNCTIONS(use)                                                                        \
	use(global_init) use(version_info) use(easy_init) use(easy_setopt) use(easy_getinfo)       \
	    use(easy_cleanup) use(easy_strerror) use(slist_append) use(slist_free_all)             \
		use(multi_init) use(multi_setopt) use(multi_add_handle) use(multi_remove_handle)   \
		    use(multi_socket_action) use(multi_info_read) use(multi_cleanup)

#define CURL_MEMBER(name) __typeof__(curl_##name) *name;

struct curl {
	CURL_FUNCTIONS(CURL_MEMBER)
};

/* Ready for use, the same each time. ERR_CONFIG when it is not installed. */
bool curl_open(const struct curl **ret, struct err *err);

#endif

#include "base/library.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#ifdef DB_ENTRY_LINKED

bool library_open(struct library *ret, const char *title, const char *const *files, struct err *err)
{
	(void)files, (void)err;
	*ret = (struct library){.file = title};
	return true;
}

#else

bool library_open(struct library *ret, const char *title, const char *const *files, struct err *err)
{
	for (; *files != NULL; files++) {
		/* Of the libraries it brings along little is called: what is not is not looked
		 * for either. */
		void *handle = dlopen(*files, RTLD_LAZY | RTLD_LOCAL);
		if (handle == NULL)
			continue;
		*ret = (struct library){.file = *files, .handle = handle};
		return true;
	}
	return err_set(err, ERR_CONFIG, "%s can't be used: %s", title, dlerror());
}

bool library_find(const struct library *library, const char *function, void *found, struct err *err)
{
	/* A pointer to an object is not to be cast into one to a function. */
	void *address = dlsym(library->handle, function);
	if (address == NULL)
		return err_set(
		    err, ERR_CONFIG, "%s is too old: it has no %s", library->file, function);
	memcpy(found, &address, sizeof(address));
	return true;
}

#endif

const char *library_libc(void)
{
	static char text[32] = "another libc than glibc";
	/* musl doesn't tell its version: who builds with it does. */
#ifdef DB_ENTRY_LIBC
	snprintf(text, sizeof(text), "%s", DB_ENTRY_LIBC);
#elif defined(__GLIBC__)
	snprintf(text, sizeof(text), "glibc %s", gnu_get_libc_version());
#endif
	return text;
}

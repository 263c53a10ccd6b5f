#include "net/authorities.h"
#include <stdlib.h>
#include <unistd.h>

static const char *const files[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Red Hat */
    "/etc/ssl/ca-bundle.pem",             /* SUSE */
    "/etc/ssl/cert.pem",                  /* BSD, older Alpine */
};

const char *authorities_file(void)
{
	const char *given = getenv("SSL_CERT_FILE");
	if (given != NULL && given[0] != '\0')
		return given;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (access(files[i], R_OK) == 0)
			return files[i];
	return NULL;
}

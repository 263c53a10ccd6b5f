#include "base/digest.h"
#include "base/err.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *context;
};

/*
 * The algorithm, fetched once for the life of the process, from a library context of our own: that
 * starts in about half the time of the default one, and no openssl.cnf decides what it holds.
 */
static EVP_MD *fetched;

static void fetch(void)
{
	fetched = EVP_MD_fetch(OSSL_LIB_CTX_new(), "SHA256", NULL);
}

static const EVP_MD *sha256(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
	return fetched;
}

static void start(struct digest *digest)
{
	if (EVP_DigestInit_ex2(digest->context, sha256(), NULL) != 1)
		err_die("OpenSSL has no SHA-256");
}

struct digest *digest_new(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (digest == NULL)
		err_die("out of memory");
	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL)
		err_die("out of memory");
	start(digest);
	return digest;
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (EVP_DigestUpdate(digest->context, data, len) != 1)
		err_die("SHA-256 failed");
}

void digest_hex(struct digest *digest, char hex[DIGEST_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[DIGEST_BYTES];

	if (EVP_DigestFinal_ex(digest->context, bytes, NULL) != 1)
		err_die("SHA-256 failed");
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0xF];
	}
	hex[DIGEST_HEX] = '\0';
	start(digest);
}

void digest_free(struct digest **digest)
{
	if (*digest == NULL)
		return;
	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

const char *digest_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

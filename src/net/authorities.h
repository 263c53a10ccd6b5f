/* Who is believed when a certificate is checked, unless somebody names others. */
#ifndef DB_ENTRY_NET_AUTHORITIES_H
#define DB_ENTRY_NET_AUTHORITIES_H

/*
 * SSL_CERT_FILE, else the file that distributions keep them in; the first of those they use that is
 * there. NULL when none is. Not copied.
 */
const char *authorities_file(void);

#endif

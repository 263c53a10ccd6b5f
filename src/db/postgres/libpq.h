/* libpq, opened when it is needed first: PQfinish() is called as pq.finish(). */
#ifndef DB_ENTRY_DB_POSTGRES_LIBPQ_H
#define DB_ENTRY_DB_POSTGRES_LIBPQ_H

#include "base/err.h"
#include <libpq-fe.h>

/* clang-format off */
#define PQ_FUNCTIONS(use) \
	use(backendPID) use(cancel) use(clear) use(cmdStatus) use(conndefaults) \
	use(connectPoll) use(connectStartParams) use(conninfo) use(conninfoFree) \
	use(consumeInput) use(errorMessage) use(escapeIdentifier) use(escapeLiteral) use(finish) use(flush) \
	use(freeCancel) use(freemem) use(getCancel) use(getCopyData) use(getisnull) \
	use(getResult) use(getvalue) use(host) use(isBusy) use(libVersion) use(nfields) \
	use(ntuples) use(pass) use(port) use(putCopyData) use(putCopyEnd) \
	use(resultErrorField) use(resultErrorMessage) use(resultStatus) use(sendQuery) \
	use(sendQueryParams) use(setErrorVerbosity) use(setnonblocking) \
	use(setNoticeReceiver) use(setSingleRowMode) use(socket) use(status) \
	use(transactionStatus)
/* clang-format on */

#define PQ_MEMBER(name) __typeof__(PQ##name) *name;

/* Of which nothing may be called before pq_open(). */
extern struct pq {
	PQ_FUNCTIONS(PQ_MEMBER)
} pq;

/* Make it ready, once. ERR_CONFIG when it is not installed. */
bool pq_open(struct err *err);

#endif

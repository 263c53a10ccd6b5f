/*
 * For clang-tidy alone, which sees one file at a time: what the functions of base/err.c return.
 * Without it `return err_set(…)` could be a success with nothing set.
 */
#ifndef DB_ENTRY_LINT_ANALYZER_H
#define DB_ENTRY_LINT_ANALYZER_H

#include "base/err.h"

#define err_set(...)     (err_set(__VA_ARGS__), false)
#define err_errno(...)   (err_errno(__VA_ARGS__), false)
#define err_context(...) (err_context(__VA_ARGS__), false)
#define err_at(...)      (err_at(__VA_ARGS__), false)
#define err_why(...)     (err_why(__VA_ARGS__), false)
#define err_next(...)    (err_next(__VA_ARGS__), false)

#endif

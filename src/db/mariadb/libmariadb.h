/* MariaDB's Connector/C, opened when it is needed first: mysql_close() is called as ma.close(). */
#ifndef DB_ENTRY_DB_MARIADB_LIBMARIADB_H
#define DB_ENTRY_DB_MARIADB_LIBMARIADB_H

#include "base/err.h"
#include <mariadb/mysql.h>

/* Exported since version 3.0, but in no header: called behind each read (0) and write (1). */
int ma_pvio_register_callback(
    my_bool add, void (*call)(int mode, MYSQL *conn, const unsigned char *data, size_t len));

/* clang-format off */
#define MA_FUNCTIONS(use) \
	use(server_init, mysql_server_init) use(init, mysql_init) use(options, mysql_options) \
	use(optionsv, mysql_optionsv) use(close, mysql_close) use(thread_id, mysql_thread_id) \
	use(connect_start, mysql_real_connect_start) use(connect_cont, mysql_real_connect_cont) \
	use(query_start, mysql_real_query_start) use(query_cont, mysql_real_query_cont) \
	use(next_start, mysql_next_result_start) use(next_cont, mysql_next_result_cont) \
	use(fetch_start, mysql_fetch_row_start) use(fetch_cont, mysql_fetch_row_cont) \
	use(option_start, mysql_set_server_option_start) \
	use(option_cont, mysql_set_server_option_cont) \
	use(free_start, mysql_free_result_start) use(free_cont, mysql_free_result_cont) \
	use(use_result, mysql_use_result) use(fetch_lengths, mysql_fetch_lengths) \
	use(fetch_fields, mysql_fetch_fields) use(num_fields, mysql_num_fields) \
	use(field_count, mysql_field_count) use(more_results, mysql_more_results) \
	use(affected_rows, mysql_affected_rows) use(query, mysql_real_query) use(warning_count, mysql_warning_count) \
	use(error_number, mysql_errno) use(error, mysql_error) use(socket, mysql_get_socket) \
	use(timeout_ms, mysql_get_timeout_value_ms) use(ssl_cipher, mysql_get_ssl_cipher) \
	use(server_info, mysql_get_server_info) use(client_info, mysql_get_client_info) \
	use(on_transfer, ma_pvio_register_callback) use(escape, mysql_real_escape_string) use(info, mysql_info) use(track_first, mysql_session_track_get_first)
/* clang-format on */

#define MA_MEMBER(name, function) __typeof__(function) *name;

/* Of which nothing may be called before ma_open(). */
extern struct ma {
	MA_FUNCTIONS(MA_MEMBER)
} ma;

/* Make it ready, once. ERR_CONFIG when it is not installed. */
bool ma_open(struct err *err);

#endif

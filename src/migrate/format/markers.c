#include "migrate/format/markers.h"
#include "migrate/directives.h"
#include "migrate/format/format.h"
#include "sql/lex.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum marker {
	MARKER_NONE,
	MARKER_UP,
	MARKER_DOWN
};

enum {
	PHRASE_MOST = 64
};

struct phrase {
	const char *text; /* as fold() leaves it */
	enum marker marker;
	bool word; /* that a comment may well be without being a marker */
};

static const struct phrase phrases[] = {
    {"up migration", MARKER_UP, false},
    {"down migration", MARKER_DOWN, false},
    {"=== forward migration ===", MARKER_UP, false},
    {"=== rollback ===", MARKER_DOWN, false},
    {"up", MARKER_UP, true},
    {"down", MARKER_DOWN, true},
    {NULL, MARKER_NONE, false},
};

struct divider {
	struct marked_file *file;
	struct migration_directives *directives;
	struct arena *arena;
	struct marked_part *part; /* being read */
	int up_line, down_line;   /* of the markers; 0: not met */
	bool words;               /* the up marker is a mere `-- Up` */
	int statement_line; /* of the first token that would be run in this part; 0: none yet */
};

/* A comment's own text: without its dashes and the blanks around it. */
struct comment {
	const char *text;
	size_t len;
	int line;
};

static bool refuse(const struct divider *divider, int line, struct err *err)
{
	return err_at(err, divider->file->path, line);
}

static void skip_blanks(struct comment *rest)
{
	while (rest->len > 0 && isspace((unsigned char)rest->text[0])) {
		rest->text++;
		rest->len--;
	}
}

static struct comment comment_of(const struct sql_token *token)
{
	struct comment comment = {token->text + 2, token->len - 2, token->line};
	skip_blanks(&comment);
	while (comment.len > 0 && isspace((unsigned char)comment.text[comment.len - 1]))
		comment.len--;
	return comment;
}

static bool is_line_comment(const struct sql_token *token)
{
	return token->kind == SQL_TOKEN_COMMENT && token->len >= 2 &&
	       memcmp(token->text, "--", 2) == 0;
}

/* Lower case, single blanks, what is in parentheses left out; "" when it is too long for a phrase.
 */
static void fold(const struct comment *comment, char out[PHRASE_MOST])
{
	size_t used = 0, depth = 0;
	for (size_t i = 0; i < comment->len; i++) {
		char c = comment->text[i];
		if (c == '(')
			depth++;
		if (depth > 0) {
			depth -= c == ')';
			continue;
		}
		if (isspace((unsigned char)c) && (used == 0 || out[used - 1] == ' '))
			continue;
		if (used == PHRASE_MOST - 1) {
			used = 0;
			break;
		}
		out[used++] = isspace((unsigned char)c) ? ' ' : (char)tolower((unsigned char)c);
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

/* `-- Up` opens a file that is written so; in any other it is prose, as `-- Down` is. */
static bool takes_words(struct divider *divider, enum marker marker)
{
	if (marker == MARKER_UP && !divider->file->down && divider->up_line == 0 &&
	    divider->statement_line == 0)
		divider->words = true;
	return divider->words;
}

static enum marker find_phrase(struct divider *divider, const struct comment *comment)
{
	char folded[PHRASE_MOST];
	const struct phrase *phrase = phrases;
	fold(comment, folded);
	while (phrase->text != NULL && strcmp(phrase->text, folded) != 0)
		phrase++;
	return phrase->word && !takes_words(divider, phrase->marker) ? MARKER_NONE : phrase->marker;
}

/* The bytes up to the next blank, and the blanks cut off the front of what is left. */
static struct comment next_word(struct comment *rest)
{
	struct comment word = {rest->text, 0, rest->line};
	while (word.len < rest->len && !isspace((unsigned char)rest->text[word.len]))
		word.len++;
	rest->text += word.len;
	rest->len -= word.len;
	skip_blanks(rest);
	return word;
}

static bool word_is(const struct comment *word, const char *text)
{
	return word->len == strlen(text) && strncasecmp(word->text, text, word->len) == 0;
}

static bool take_options(struct divider *divider, bool down, struct comment *rest, struct err *err)
{
	bool *no_transaction =
	    down ? &divider->directives->down_no_transaction : &divider->directives->no_transaction;
	while (rest->len > 0) {
		struct comment option = next_word(rest);
		bool off = word_is(&option, "transaction:false");
		if (!off && !word_is(&option, "transaction:true")) {
			err_set(err, ERR_MALFORMED, "unknown option \"%.*s\" of a marker",
			    (int)option.len, option.text);
			err_next(err, "known are transaction:false and transaction:true");
			return refuse(divider, rest->line, err);
		}
		if (off)
			*no_transaction = true;
	}
	return true;
}

/*
 * A slip like `migrate:dwon` is refused: taken for a comment it would make the down part a part of
 * the up part. With a blank behind the colon it may be prose.
 */
static bool find_migrate(struct divider *divider, const struct comment *comment,
    struct comment *rest, enum marker *marker, struct err *err)
{
	bool blank = rest->len > 0 && isspace((unsigned char)rest->text[0]);
	skip_blanks(rest);
	struct comment word = next_word(rest);
	*marker = word_is(&word, "up")     ? MARKER_UP
		  : word_is(&word, "down") ? MARKER_DOWN
					   : MARKER_NONE;
	if (*marker != MARKER_NONE)
		return take_options(divider, *marker == MARKER_DOWN, rest, err);
	if (blank)
		return true;
	err_set(err, ERR_MALFORMED, "a marker that is neither migrate:up nor migrate:down");
	err_next(err, "write -- migrate:up or -- migrate:down");
	return refuse(divider, comment->line, err);
}

static bool find_marker(
    struct divider *divider, const struct comment *comment, enum marker *marker, struct err *err)
{
	static const char prefix[] = "migrate:";
	size_t len = strlen(prefix);
	if (comment->len < len || strncasecmp(comment->text, prefix, len) != 0) {
		*marker = find_phrase(divider, comment);
		return true;
	}
	struct comment rest = {comment->text + len, comment->len - len, comment->line};
	return find_migrate(divider, comment, &rest, marker, err);
}

static bool misplaced(const struct divider *divider, int line, struct err *err)
{
	err_next(err,
	    divider->file->down
		? "leave the marker out: all of a .down.sql file is the down part"
		: "write one up marker, its statements, and below them at most one down marker");
	return refuse(divider, line, err);
}

static bool statement_before(const struct divider *divider, struct err *err)
{
	err_set(err, ERR_MALFORMED, "a statement before the first marker");
	err_why(err, "it would belong to no part");
	err_next(err, "move it below the marker");
	return refuse(divider, divider->statement_line, err);
}

static bool begin_up(struct divider *divider, int line, struct err *err)
{
	if (divider->file->down)
		err_set(err, ERR_MALFORMED, "an up marker in a .down.sql file");
	else if (divider->down_line > 0)
		err_set(err, ERR_MALFORMED, "an up marker below the down marker in line %d",
		    divider->down_line);
	else if (divider->up_line > 0)
		err_set(err, ERR_MALFORMED, "a second up marker; the first is in line %d",
		    divider->up_line);
	else if (divider->statement_line > 0)
		return statement_before(divider, err);
	else {
		divider->up_line = line;
		return true;
	}
	return misplaced(divider, line, err);
}

static bool begin_down(struct divider *divider, const struct sql_token *token, struct err *err)
{
	struct marked_file *file = divider->file;
	if (divider->down_line > 0)
		err_set(err, ERR_MALFORMED, "a second down marker; the first is in line %d",
		    divider->down_line);
	else if (!file->down && divider->up_line == 0)
		err_set(err, ERR_MALFORMED, "a down marker without an up marker above it");
	else if (file->down && divider->statement_line > 0)
		return statement_before(divider, err);
	else {
		divider->down_line = token->line;
		if (file->down)
			return true;
		file->up_part.len = (size_t)(token->text - file->up_part.text);
		file->down_part = (struct marked_part){token->text, 0, token->line};
		divider->part = &file->down_part;
		divider->statement_line = 0;
		return true;
	}
	return misplaced(divider, token->line, err);
}

static bool take_marker(struct divider *divider, const struct sql_token *token,
    const struct comment *comment, struct err *err)
{
	enum marker marker;
	if (!find_marker(divider, comment, &marker, err))
		return false;
	if (marker == MARKER_UP)
		return begin_up(divider, token->line, err);
	return marker == MARKER_NONE || begin_down(divider, token, err);
}

static bool take_directives(struct divider *divider, const struct comment *comment, struct err *err)
{
	struct directives_place place = {
	    .file = divider->file->path,
	    .line = comment->line,
	    .down = divider->part == &divider->file->down_part,
	    .late = divider->statement_line > 0,
	};
	return directives_parse(
	    divider->directives, comment->text, comment->len, &place, divider->arena, err);
}

static bool take_comment(
    struct divider *divider, const struct sql_token *token, bool first_on_line, struct err *err)
{
	struct comment comment = comment_of(token);
	if (directives_are(comment.text, comment.len))
		return take_directives(divider, &comment, err);
	return !first_on_line || take_marker(divider, token, &comment, err);
}

/* sqlx's own way to say it; its files are named as ours. */
static void take_first_line(struct divider *divider, const char *text, size_t len)
{
	static const char line[] = "-- no-transaction";
	const size_t end = strlen(line);
	if (len < end || memcmp(text, line, end) != 0 ||
	    (len > end && !isspace((unsigned char)text[end])))
		return;
	if (divider->file->down)
		divider->directives->down_no_transaction = true;
	else
		divider->directives->no_transaction = true;
}

/*
 * Other tools' markers are lines of dashes for every dialect, also where `--` without a blank
 * behind it begins no comment.
 */
static bool check_foreign(
    const struct divider *divider, const struct sql_token *token, const char *end, struct err *err)
{
	if (end - token->text < 2 || memcmp(token->text, "--", 2) != 0)
		return true;
	const char *newline = memchr(token->text, '\n', (size_t)(end - token->text));
	size_t len = (size_t)((newline == NULL ? end : newline) - token->text);
	const struct format *format = format_of_line(token->text, len);
	if (format == NULL)
		return true;
	while (len > 0 && isspace((unsigned char)token->text[len - 1]))
		len--;
	const char *sign = arena_printf(divider->arena, "\"%.*s\"", (int)len, token->text);
	return format_refuse(format, divider->file->path, token->line, sign, err);
}

static bool take_token(struct divider *divider, const struct sql_token *token, bool first_on_line,
    const char *end, struct err *err)
{
	bool runs = token->kind != SQL_TOKEN_SPACE && token->kind != SQL_TOKEN_COMMENT &&
		    token->kind != SQL_TOKEN_SEMICOLON;
	if (first_on_line && !check_foreign(divider, token, end, err))
		return false;
	if (runs && divider->statement_line == 0)
		divider->statement_line = token->line;
	return !is_line_comment(token) || take_comment(divider, token, first_on_line, err);
}

/*
 * Behind the last dashes there is neither a marker nor a directive: most files have theirs at the
 * top, and the rest of the text, which sql_split() reads anyway, need not be read here too.
 */
static const char *last_dashes(const char *text, size_t len)
{
	for (const char *at = text + len; at - text >= 2; at--)
		if (at[-1] == '-' && at[-2] == '-')
			return at - 2;
	return NULL;
}

bool markers_divide(struct marked_file *file, struct migration_directives *directives,
    const struct dialect *dialect, const char *text, size_t len, struct arena *arena,
    struct err *err)
{
	struct divider divider = {.file = file, .directives = directives, .arena = arena};
	struct sql_lexer lexer;
	const char *last = last_dashes(text, len);
	bool first_on_line = true;
	file->up_part = file->down_part = (struct marked_part){NULL, 0, 1};
	divider.part = file->down ? &file->down_part : &file->up_part;
	divider.part->text = text;
	take_first_line(&divider, text, len);
	sql_lex_init(&lexer, dialect, text, len, 1);
	while (last != NULL) {
		struct sql_token token = sql_lex_next(&lexer);
		if (token.text > last || token.kind == SQL_TOKEN_BROKEN)
			break;
		if (!take_token(&divider, &token, first_on_line, text + len, err))
			return false;
		if (memchr(token.text, '\n', token.len) != NULL)
			first_on_line = token.kind == SQL_TOKEN_SPACE;
		else if (token.kind != SQL_TOKEN_SPACE)
			first_on_line = false;
	}
	divider.part->len = (size_t)(text + len - divider.part->text);
	return true;
}

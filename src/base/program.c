#include "base/program.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What a shell would search when PATH is not set. */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	FIRST_LINE = 256
};

struct program program_find(const char *name, struct arena *arena)
{
	struct program program = {.name = name, .user = geteuid()};
	size_t capacity = 0;

	if (*name == '\0')
		return program;
	if (strchr(name, '/') != NULL) {
		program.candidates = arena_array(arena, 1, sizeof(char *));
		program.candidates[0] = arena_strdup(arena, name);
		program.count = 1;
		return program;
	}
	const char *path = getenv("PATH");
	program.default_path = path == NULL;
	program.path = arena_strdup(arena, path == NULL ? DEFAULT_PATH : path);
	for (const char *folder = program.path; folder != NULL;) {
		const char *end = strchrnul(folder, ':');
		/* An empty entry is the current folder. */
		char *file = end == folder ? arena_printf(arena, "./%s", name)
					   : arena_printf(arena, "%.*s/%s", (int)(end - folder),
						 folder, name);
		program.candidates =
		    arena_grow(arena, program.candidates, program.count, &capacity, sizeof(char *));
		program.candidates[program.count++] = file;
		folder = *end == ':' ? end + 1 : NULL;
	}
	return program;
}

/* Errors after which execvp(3), too, tries the next folder. */
static bool search_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE ||
	       error == ENODEV || error == ETIMEDOUT;
}

struct program_failure program_exec(const struct program *program, char *const argv[])
{
	struct program_failure failure = {.candidate = program->count, .error = ENOENT};

	for (size_t i = 0; i < program->count; i++) {
		const char *file = program->candidates[i];
		execve(file, argv, environ);
		int error = errno;
		if (!search_goes_on(error))
			return (struct program_failure){i, error};
		/* ENOENT of a file that is there is about its interpreter. */
		bool there = error == EACCES || access(file, F_OK) == 0;
		if (there && failure.candidate == program->count)
			failure = (struct program_failure){i, error};
	}
	return failure;
}

static int open_program(const char *file)
{
	return open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* The interpreter in a script's first line; `windows` when a CR was taken for a part of its name.
 */
static bool read_interpreter(int fd, char interpreter[FIRST_LINE], bool *windows)
{
	char line[FIRST_LINE];
	ssize_t len = pread(fd, line, sizeof(line) - 1, 0);

	if (len < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[len] = '\0';
	const char *start = line + 2 + strspn(line + 2, " \t");
	size_t size = strcspn(start, " \t\n");
	*windows = size > 0 && start[size - 1] == '\r';
	if (*windows)
		size--;
	memcpy(interpreter, start, size);
	interpreter[size] = '\0';
	return true;
}

static bool read_elf(int fd, ElfW(Ehdr) * elf)
{
	return pread(fd, elf, sizeof(*elf), 0) == (ssize_t)sizeof(*elf) &&
	       memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0;
}

/* The dynamic loader (PT_INTERP) that a program of this machine's word size asks for. */
static bool read_loader(int fd, char loader[FIRST_LINE])
{
	ElfW(Ehdr) elf;
	ElfW(Phdr) part;

	if (!read_elf(fd, &elf) || elf.e_phentsize != sizeof(part) ||
	    elf.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return false;
	for (unsigned i = 0; i < elf.e_phnum; i++) {
		off_t at = (off_t)(elf.e_phoff + i * sizeof(part));
		if (pread(fd, &part, sizeof(part), at) != (ssize_t)sizeof(part))
			return false;
		if (part.p_type != PT_INTERP)
			continue;
		size_t size = part.p_filesz < FIRST_LINE ? part.p_filesz : FIRST_LINE - 1;
		ssize_t len = pread(fd, loader, size, (off_t)part.p_offset);
		if (len <= 0)
			return false;
		loader[len] = '\0';
		return true;
	}
	return false;
}

/* Of a file that may be executed: is what it needs to start there? What can't be read may be. */
static bool needs_nothing(const char *file)
{
	CLEANUP(fs_close) int fd = open_program(file);
	CLEANUP(fs_close) int self = open_program("/proc/self/exe");
	char needed[FIRST_LINE];
	bool windows = false;
	ElfW(Ehdr) elf;
	ElfW(Ehdr) ours;

	if (fd < 0)
		return true;
	if (read_interpreter(fd, needed, &windows))
		return !windows && access(needed, F_OK) == 0;
	/* One for another processor may have an emulator, which finds loaders in its own way. */
	if (self < 0 || !read_elf(self, &ours) || !read_elf(fd, &elf) ||
	    elf.e_machine != ours.e_machine || !read_loader(fd, needed))
		return true;
	return access(needed, F_OK) == 0;
}

static int look_at(const char *file)
{
	struct stat info;

	if (access(file, X_OK) < 0 || stat(file, &info) < 0)
		return errno;
	if (!S_ISREG(info.st_mode))
		return EACCES;
	return needs_nothing(file) ? 0 : ENOENT;
}

struct program_failure program_look(const struct program *program)
{
	struct program_failure failure = {.candidate = program->count, .error = ENOENT};

	for (size_t i = 0; i < program->count; i++) {
		int error = look_at(program->candidates[i]);
		if (error == 0)
			return (struct program_failure){.candidate = i};
		bool there = (error != ENOENT && error != ENOTDIR) ||
			     access(program->candidates[i], F_OK) == 0;
		if (there && failure.candidate == program->count)
			failure = (struct program_failure){i, error};
	}
	return failure;
}

struct program program_seen(const struct program *program, const char *folder, struct arena *arena)
{
	struct program seen = *program;

	seen.candidates = arena_array(arena, program->count + 1, sizeof(char *));
	for (size_t i = 0; i < program->count; i++) {
		char *file = program->candidates[i];
		seen.candidates[i] =
		    *file == '/' ? file : arena_printf(arena, "%s/%s", folder, file);
	}
	return seen;
}

static bool explain_absent(const struct program *program, struct err *err)
{
	if (*program->name == '\0')
		return err_set(err, ERR_NO_PROGRAM, "can't execute: the program's name is empty");
	err_set(err, ERR_NO_PROGRAM, "can't execute %s: %s", program->name,
	    program->path == NULL ? "no such file" : "not found on PATH");
	if (program->path != NULL)
		err_why(err, "%s %s",
		    program->default_path ? "PATH is not set; searched" : "PATH is", program->path);
	if (strchr(program->name, ' ') != NULL)
		err_next(err, "give the program and its arguments as words of their own");
	return false;
}

static bool explain_interpreter(
    const char *file, const char *interpreter, bool windows, struct err *err)
{
	if (windows) {
		err_set(err, ERR_NO_PROGRAM,
		    "can't execute %s: its first line ends with a carriage return", file);
		err_why(err, "the file was saved with Windows line ends");
		return err_next(err, "sed -i 's/\\r$//' %s", file);
	}
	err_set(err, ERR_NO_PROGRAM, "can't execute %s: its interpreter %s %s", file, interpreter,
	    access(interpreter, F_OK) == 0 ? "can't be started" : "is not there");
	return err_next(err, "install %s in the image, or name another in the first line of %s",
	    interpreter, file);
}

/* The file is there, and yet the system found something missing. */
static bool explain_missing(const char *file, struct err *err)
{
	CLEANUP(fs_close) int fd = open_program(file);
	char needed[FIRST_LINE];
	bool windows = false;

	if (fd >= 0 && read_interpreter(fd, needed, &windows))
		return explain_interpreter(file, needed, windows, err);
	if (fd >= 0 && read_loader(fd, needed)) {
		err_set(err, ERR_NO_PROGRAM, "can't execute %s: its loader %s is not there", file,
		    needed);
		err_why(
		    err, "it was built for another C library (glibc, musl) than this image has");
		return err_next(err, "build %s for this image, or link it statically", file);
	}
	return err_set(
	    err, ERR_NO_PROGRAM, "can't execute %s: a file it needs to start is not there", file);
}

static bool explain_denied(const char *file, uid_t user, struct err *err)
{
	struct stat info;
	struct statvfs mount;

	if (stat(file, &info) < 0)
		return err_errno(err, ERR_CANNOT_EXEC, "can't execute %s", file);
	if (S_ISDIR(info.st_mode))
		return err_set(err, ERR_CANNOT_EXEC, "can't execute %s: it is a folder", file);
	if (!S_ISREG(info.st_mode))
		return err_set(
		    err, ERR_CANNOT_EXEC, "can't execute %s: it is not a regular file", file);
	if ((info.st_mode & 0111) == 0) {
		err_set(err, ERR_CANNOT_EXEC, "can't execute %s: it is not executable", file);
		return err_next(err, "chmod +x %s", file);
	}
	if (statvfs(file, &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0)
		return err_set(err, ERR_CANNOT_EXEC,
		    "can't execute %s: its file system is mounted noexec", file);
	CLEANUP(fs_close) int fd = open_program(file);
	char interpreter[FIRST_LINE];
	bool windows;
	errno = EACCES;
	if (fd >= 0 && read_interpreter(fd, interpreter, &windows))
		return err_errno(err, ERR_CANNOT_EXEC,
		    "can't execute %s or its interpreter %s as user %u", file, interpreter,
		    (unsigned)user);
	return err_errno(err, ERR_CANNOT_EXEC, "can't execute %s as user %u", file, (unsigned)user);
}

/* Docker's names of the processors an image may be for. */
static const char *processor(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return "amd64";
	case EM_AARCH64:
		return "arm64";
	case EM_386:
		return "386";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv64";
	default:
		return "unknown";
	}
}

static bool explain_format(const char *file, struct err *err)
{
	CLEANUP(fs_close) int fd = open_program(file);
	CLEANUP(fs_close) int self = open_program("/proc/self/exe");
	ElfW(Ehdr) elf;
	ElfW(Ehdr) ours;

	if (fd < 0 || !read_elf(fd, &elf)) {
		err_set(err, ERR_CANNOT_EXEC,
		    "can't execute %s: neither a program nor a script with a #! line", file);
		return err_next(err, "begin a script with its interpreter, for example #!/bin/sh");
	}
	/* e_machine lies at the same place for every word size. */
	if (self >= 0 && read_elf(self, &ours) && ours.e_machine != elf.e_machine)
		return err_set(err, ERR_CANNOT_EXEC,
		    "can't execute %s: built for processor %s, this one is %s", file,
		    processor(elf.e_machine), processor(ours.e_machine));
	return err_set(err, ERR_CANNOT_EXEC, "can't execute %s: a damaged program", file);
}

static bool explain(
    const struct program *program, const struct program_failure *failure, struct err *err)
{
	if (failure->candidate >= program->count)
		return explain_absent(program, err);
	const char *file = program->candidates[failure->candidate];
	switch (failure->error) {
	case ENOENT:
		return explain_missing(file, err);
	case EACCES:
		return explain_denied(file, program->user, err);
	case ENOEXEC:
		return explain_format(file, err);
	default:
		errno = failure->error;
		return err_errno(err, ERR_CANNOT_EXEC, "can't execute %s", file);
	}
}

bool program_explain(
    const struct program *program, const struct program_failure *failure, struct err *err)
{
	explain(program, failure, err);
	if (failure->candidate < program->count)
		return false;
	return err_next(err,
	    "mend the words behind --, which name the program (CMD, command or args)"
	    ", or the image it should be in");
}

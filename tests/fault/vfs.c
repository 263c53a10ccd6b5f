#include "fault/vfs.h"
#include "fault/disk.h"
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const vfs_fault_names[VFS_FAULTS] = {
    [VFS_ERROR_ONCE] = "an I/O error",
    [VFS_ERROR_ALL] = "I/O errors from",
    [VFS_FULL_ONCE] = "disk full once",
    [VFS_FULL_ALL] = "disk full from",
    [VFS_POWER_KEPT] = "power off, all written",
    [VFS_POWER_LOST] = "power off, unsynced lost",
    [VFS_POWER_MIXED] = "power off, unsynced torn",
};

enum operation {
	OPEN,
	WRITE,
	TRUNCATE,
	SYNC,
	DELETE
};

static const struct {
	const char *name;
	int error;
} operations[] = {
    [OPEN] = {"xOpen", SQLITE_CANTOPEN},
    [WRITE] = {"xWrite", SQLITE_IOERR_WRITE},
    [TRUNCATE] = {"xTruncate", SQLITE_IOERR_TRUNCATE},
    [SYNC] = {"xSync", SQLITE_IOERR_FSYNC},
    [DELETE] = {"xDelete", SQLITE_IOERR_DELETE},
};

static struct {
	enum vfs_fault fault;
	int at, count;
	struct report *report;
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
} faulty;

/* The real file lies behind. */
struct faulty_file {
	sqlite3_file base;
	struct disk_file *disk; /* NULL: temporary, or no power is going to be lost */
};

static sqlite3_file *real_of(sqlite3_file *file)
{
	return (sqlite3_file *)((struct faulty_file *)file + 1);
}

static struct disk_file *disk_of(sqlite3_file *file)
{
	return ((struct faulty_file *)file)->disk;
}

static bool loses_power(void)
{
	return faulty.fault >= VFS_POWER_KEPT;
}

static bool fills_up(void)
{
	return faulty.fault == VFS_FULL_ONCE || faulty.fault == VFS_FULL_ALL;
}

/* An operation is about to be done: SQLITE_OK, or what it must fail with. */
static int fault(enum operation operation, const char *path)
{
	bool once = faulty.fault == VFS_ERROR_ONCE || faulty.fault == VFS_FULL_ONCE;
	if (faulty.at == 0 || (fills_up() && operation != WRITE))
		return SQLITE_OK;
	faulty.count++;
	if (faulty.count < faulty.at || (once && faulty.count > faulty.at))
		return SQLITE_OK;
	if (!faulty.report->hit)
		snprintf(faulty.report->where, sizeof(faulty.report->where), "%s %.40s",
		    operations[operation].name, path == NULL ? "" : path);
	faulty.report->hit = true;
	if (loses_power()) {
		disk_lose_power(faulty.fault == VFS_POWER_KEPT   ? DISK_KEPT
				: faulty.fault == VFS_POWER_LOST ? DISK_LOST
								 : DISK_MIXED,
		    (unsigned)faulty.at);
		kill(getpid(), SIGKILL);
	}
	errno = fills_up() ? ENOSPC : EIO;
	return fills_up() ? SQLITE_FULL : operations[operation].error;
}

/* --- Files --- */

static int file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
	return real_of(file)->pMethods->xRead(real_of(file), data, len, offset);
}

static int file_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
	/* Before the fault: the last write may be on the disk, whole or torn. */
	disk_write(disk_of(file), real_of(file), data, (size_t)len, offset);
	int code = fault(WRITE, disk_name(disk_of(file)));
	return code != SQLITE_OK
		   ? code
		   : real_of(file)->pMethods->xWrite(real_of(file), data, len, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = fault(TRUNCATE, disk_name(disk_of(file)));
	if (code != SQLITE_OK)
		return code;
	disk_truncate(disk_of(file), real_of(file), size);
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	int code = fault(SYNC, disk_name(disk_of(file)));
	if (code != SQLITE_OK)
		return code;
	disk_sync(disk_of(file));
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *reserved)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

/* Version 2: without xFetch every write comes by. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* --- The VFS --- */

static int vfs_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
	struct faulty_file *f = (struct faulty_file *)file;
	(void)vfs;
	*f = (struct faulty_file){.disk = NULL};
	int code = fault(OPEN, path);
	if (code == SQLITE_OK)
		code = faulty.real->xOpen(faulty.real, path, real_of(file), flags, out_flags);
	if (code != SQLITE_OK)
		return code;
	if (faulty.at != 0 && loses_power() && path != NULL)
		f->disk = disk_open(path);
	f->base.pMethods = &methods;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	(void)vfs;
	int code = fault(DELETE, path);
	if (code != SQLITE_OK)
		return code;
	disk_delete(path);
	return faulty.real->xDelete(faulty.real, path, sync_folder);
}

void vfs_register(void)
{
	if (faulty.real != NULL)
		return;
	faulty.real = sqlite3_vfs_find("unix");
	assert_non_null(faulty.real);
	/* All else is the real one's, which does not look at the sqlite3_vfs it is given. */
	faulty.vfs = *faulty.real;
	faulty.vfs.pNext = NULL;
	faulty.vfs.zName = "faulty";
	faulty.vfs.szOsFile = (int)sizeof(struct faulty_file) + faulty.real->szOsFile;
	faulty.vfs.xOpen = vfs_open;
	faulty.vfs.xDelete = vfs_delete;
	assert_int_equal(sqlite3_vfs_register(&faulty.vfs, 1), SQLITE_OK);
}

void vfs_choose(enum vfs_fault chosen)
{
	faulty.fault = chosen;
}

void vfs_arm(const struct world *world)
{
	faulty.at = world->at;
	faulty.count = 0;
	faulty.report = world->report;
}

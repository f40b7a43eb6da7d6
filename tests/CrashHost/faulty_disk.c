// A disk that keeps a diary and can fail, for tests: loaded before libc (LD_PRELOAD), it stands in front of the system calls for the files below one directory.
//
// FAULTY_DISK_ROOT     the directory
// FAULTY_DISK_JOURNAL  a file to which every change of it is appended, in the order in which it happened, and what is written to standard output
//
// A record of the journal, little-endian: u32 kind, u32 file, i64 a, i64 b, u64 length, and so many bytes. A record is written before what it tells of is done. Syncing
// takes a while, and makes durable what the journal had when it began; nothing is really synced. DiskJournal.cs reads it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { START = 1, CREATED, OPENED, RENAMED, UNLINKED, WRITTEN, CUT, SYNCED, SYNC_FAILED, SAID, MADE, LISTED }; // file 0: the directory itself
enum { FAIL_READ, FAIL_WRITE, FAIL_SYNC, FAIL_NAMES, FAIL_KINDS };
enum { MAX_FILES = 65536 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static char root[4096];
static size_t root_length;
static int journal = -1;
static int64_t journal_length;
static uint32_t next_file = 1;
static int32_t file_of[MAX_FILES]; // by descriptor: 0 none, -1 the directory
static struct { int error, after, times, partial; } faults[FAIL_KINDS];

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

struct head { uint32_t kind, file; int64_t a, b; uint64_t length; };

static void record(uint32_t kind, uint32_t file, int64_t a, int64_t b, const struct iovec *pieces, int count) {
    struct head head = { kind, file, a, b, 0 };
    struct iovec all[65] = { { &head, sizeof head } };
    if (journal < 0 || count > 64)
        abort();
    for (int i = 0; i < count; i++) {
        all[i + 1] = pieces[i];
        head.length += pieces[i].iov_len;
    }
    if (REAL(writev)(journal, all, count + 1) != (ssize_t)(sizeof head + head.length))
        abort();
    journal_length += sizeof head + head.length;
}

static void record_names(uint32_t kind, uint32_t file, const char *first, const char *second) {
    struct iovec names[2] = { { (void *)first, strlen(first) + 1 }, { (void *)second, strlen(second) } };
    record(kind, file, 0, 0, names, 2);
}

// Where the whole records end: the process before may have been killed in the middle of writing one, of which then nothing was done.
static int64_t end_of_records(int64_t length) {
    struct head head;
    int64_t end = 0;
    while (REAL(pread)(journal, &head, sizeof head, end) == (ssize_t)sizeof head && (int64_t)head.length <= length - end - (int64_t)sizeof head)
        end += sizeof head + head.length;
    return end;
}

__attribute__((constructor)) static void start(void) {
    const char *directory = getenv("FAULTY_DISK_ROOT"), *path = getenv("FAULTY_DISK_JOURNAL");
    if (!directory || !path || strlen(directory) >= sizeof root)
        return;
    strcpy(root, directory);
    root_length = strlen(root);
    journal = REAL(open)(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0)
        abort();
    struct stat state;
    if (fstat(journal, &state) != 0)
        abort();
    journal_length = end_of_records(state.st_size);
    if (REAL(ftruncate)(journal, journal_length) != 0)
        abort();
    record(START, 0, 0, 0, NULL, 0);
}

// The name of a file in the directory, "" for the directory itself, or null.
static const char *name_of(const char *path) {
    if (!root_length || strncmp(path, root, root_length) != 0 || (path[root_length] != '/' && path[root_length] != 0))
        return NULL;
    return path[root_length] == 0 ? "" : path + root_length + 1;
}

static int32_t of(int descriptor) { return descriptor >= 0 && descriptor < MAX_FILES ? file_of[descriptor] : 0; }

// Called by the process under test: from now on operations of a kind (0 read, 1 write, 2 sync, 3 create, rename or delete) fail with an error, but for the first `after`, and so
// many `times`. If `partial`, half of a write that fails was done. 0 times: it is over.
__attribute__((visibility("default"))) void faulty_disk_fail(int kind, int error, int after, int times, int partial) {
    pthread_mutex_lock(&gate);
    faults[kind].error = error;
    faults[kind].after = after;
    faults[kind].times = times;
    faults[kind].partial = partial;
    pthread_mutex_unlock(&gate);
}

// With the lock.
static int fails(int kind) {
    if (faults[kind].times == 0 || faults[kind].after-- > 0)
        return 0;
    faults[kind].after = 0;
    faults[kind].times--;
    errno = faults[kind].error;
    return 1;
}

static int open_tracked(int directory, const char *path, int flags, mode_t mode) {
    const char *name = name_of(path);
    if (!name)
        return REAL(openat)(directory, path, flags, mode);
    pthread_mutex_lock(&gate);
    int exists = REAL(access)(path, F_OK) == 0;
    int descriptor = -1;
    if (exists || !(flags & O_CREAT) || !fails(FAIL_NAMES))
        descriptor = REAL(openat)(directory, path, flags, mode);
    if (descriptor >= MAX_FILES)
        abort();
    struct stat state;
    if (descriptor >= 0 && *name == 0) {
        file_of[descriptor] = -1;
    } else if (descriptor >= 0 && fstat(descriptor, &state) == 0 && S_ISDIR(state.st_mode)) {
        file_of[descriptor] = next_file++;
        record_names(LISTED, file_of[descriptor], name, "");
    } else if (descriptor >= 0) {
        file_of[descriptor] = next_file++;
        record_names(exists ? OPENED : CREATED, file_of[descriptor], name, "");
        if (flags & O_TRUNC)
            record(CUT, file_of[descriptor], 0, 0, NULL, 0);
    }
    pthread_mutex_unlock(&gate);
    return descriptor;
}

#define OPEN(name, directory_parameter, directory)                                                                                                   \
    int name(directory_parameter const char *path, int flags, ...) {                                                                                 \
        va_list more;                                                                                                                                \
        va_start(more, flags);                                                                                                                       \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                                                                      \
        va_end(more);                                                                                                                                \
        return open_tracked(directory, path, flags, mode);                                                                                           \
    }
#define NOTHING
#define AT int at,
OPEN(open, NOTHING, AT_FDCWD)
OPEN(open64, NOTHING, AT_FDCWD)
OPEN(openat, AT, at)
OPEN(openat64, AT, at)

int close(int descriptor) {
    if (of(descriptor)) {
        pthread_mutex_lock(&gate);
        file_of[descriptor] = 0;
        pthread_mutex_unlock(&gate);
    }
    return REAL(close)(descriptor);
}

// True for standard output and its duplicates, of which the runtime makes some.
static int is_output(int descriptor) {
    struct stat output, other;
    return journal >= 0 && fstat(1, &output) == 0 && fstat(descriptor, &other) == 0 && output.st_ino == other.st_ino && output.st_dev == other.st_dev;
}

static ssize_t write_tracked(int descriptor, const struct iovec *pieces, int count, off64_t offset) {
    if (of(descriptor) == 0 && is_output(descriptor)) {
        pthread_mutex_lock(&gate);
        record(SAID, 0, 0, 0, pieces, count);
        pthread_mutex_unlock(&gate);
    }
    if (of(descriptor) <= 0)
        return offset < 0 ? REAL(writev)(descriptor, pieces, count) : REAL(pwritev)(descriptor, pieces, count, offset);
    pthread_mutex_lock(&gate);
    int failed = fails(FAIL_WRITE), error = errno;
    struct iovec half = { pieces[0].iov_base, pieces[0].iov_len / 2 };
    ssize_t written = -1;
    if (!failed || (faults[FAIL_WRITE].partial && half.iov_len > 0)) {
        const struct iovec *all = failed ? &half : pieces;
        int pieces_written = failed ? 1 : count;
        off64_t at = offset < 0 ? lseek64(descriptor, 0, SEEK_CUR) : offset;
        record(WRITTEN, of(descriptor), at, 0, all, pieces_written);
        written = offset < 0 ? REAL(writev)(descriptor, all, pieces_written) : REAL(pwritev)(descriptor, all, pieces_written, offset);
        if (written < 0)
            error = errno;
    }
    pthread_mutex_unlock(&gate);
    if (failed) {
        errno = error;
        return -1;
    }
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    struct iovec piece = { (void *)bytes, count };
    if (of(descriptor) <= 0 && !is_output(descriptor))
        return REAL(write)(descriptor, bytes, count);
    return write_tracked(descriptor, &piece, 1, -1);
}
ssize_t writev(int descriptor, const struct iovec *pieces, int count) { return write_tracked(descriptor, pieces, count, -1); }
ssize_t pwritev(int descriptor, const struct iovec *pieces, int count, off_t offset) { return write_tracked(descriptor, pieces, count, offset); }
ssize_t pwritev64(int descriptor, const struct iovec *pieces, int count, off64_t offset) { return write_tracked(descriptor, pieces, count, offset); }
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    struct iovec piece = { (void *)bytes, count };
    return write_tracked(descriptor, &piece, 1, offset);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) { return pwrite64(descriptor, bytes, count, offset); }

static int may_read(int descriptor) {
    if (of(descriptor) <= 0)
        return 1;
    pthread_mutex_lock(&gate);
    int failed = fails(FAIL_READ);
    pthread_mutex_unlock(&gate);
    return !failed;
}

ssize_t read(int descriptor, void *bytes, size_t count) { return may_read(descriptor) ? REAL(read)(descriptor, bytes, count) : -1; }
ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) { return may_read(descriptor) ? REAL(pread)(descriptor, bytes, count, offset) : -1; }
ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) { return may_read(descriptor) ? REAL(pread64)(descriptor, bytes, count, offset) : -1; }
ssize_t preadv(int descriptor, const struct iovec *p, int count, off_t offset) { return may_read(descriptor) ? REAL(preadv)(descriptor, p, count, offset) : -1; }
ssize_t preadv64(int descriptor, const struct iovec *p, int count, off64_t offset) { return may_read(descriptor) ? REAL(preadv64)(descriptor, p, count, offset) : -1; }

int ftruncate64(int descriptor, off64_t length) {
    if (of(descriptor) <= 0)
        return REAL(ftruncate64)(descriptor, length);
    pthread_mutex_lock(&gate);
    int result = -1;
    if (!fails(FAIL_WRITE)) {
        record(CUT, of(descriptor), length, 0, NULL, 0);
        result = REAL(ftruncate64)(descriptor, length);
    }
    pthread_mutex_unlock(&gate);
    return result;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    if (of(descriptor) > 0 && mode != FALLOC_FL_KEEP_SIZE)
        abort(); // this disk does not know what that does
    if (of(descriptor) > 0) {
        pthread_mutex_lock(&gate);
        int failed = fails(FAIL_WRITE);
        pthread_mutex_unlock(&gate);
        if (failed)
            return -1;
    }
    return REAL(fallocate64)(descriptor, mode, offset, length);
}
int fallocate(int descriptor, int mode, off_t offset, off_t length) { return fallocate64(descriptor, mode, offset, length); }

int fsync(int descriptor) {
    int32_t file = of(descriptor);
    if (file == 0)
        return REAL(fsync)(descriptor);
    pthread_mutex_lock(&gate);
    int64_t begun = journal_length;
    pthread_mutex_unlock(&gate);
    usleep(300);
    pthread_mutex_lock(&gate);
    int failed = fails(FAIL_SYNC), error = errno;
    record(failed ? SYNC_FAILED : SYNCED, file < 0 ? 0 : file, begun, 0, NULL, 0);
    pthread_mutex_unlock(&gate);
    errno = error;
    return failed ? -1 : 0;
}
int fdatasync(int descriptor) { return of(descriptor) ? fsync(descriptor) : REAL(fdatasync)(descriptor); }

int rename(const char *from, const char *to) {
    const char *old_name = name_of(from), *new_name = name_of(to);
    if (!old_name || !new_name)
        return REAL(rename)(from, to);
    pthread_mutex_lock(&gate);
    int result = -1;
    if (!fails(FAIL_NAMES)) {
        if (REAL(access)(from, F_OK) == 0)
            record_names(RENAMED, 0, old_name, new_name);
        result = REAL(rename)(from, to);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

int mkdir(const char *path, mode_t mode) {
    const char *name = name_of(path);
    if (!name || *name == 0)
        return REAL(mkdir)(path, mode);
    pthread_mutex_lock(&gate);
    int result = -1;
    if (REAL(access)(path, F_OK) == 0 || !fails(FAIL_NAMES)) {
        if (REAL(access)(path, F_OK) != 0)
            record_names(MADE, 0, name, "");
        result = REAL(mkdir)(path, mode);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

int unlink(const char *path) {
    const char *name = name_of(path);
    if (!name)
        return REAL(unlink)(path);
    pthread_mutex_lock(&gate);
    int result = -1;
    if (!fails(FAIL_NAMES)) {
        if (REAL(access)(path, F_OK) == 0)
            record_names(UNLINKED, 0, name, "");
        result = REAL(unlink)(path);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

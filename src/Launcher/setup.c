// The root that all actions of a slot share: made once, so that an action only adds what is its own.
//
//   setup
//     user N             who actions run as
//     map 0|1            1: in a user namespace, where N is the worker's own user; needs no rights
//     network none|host  none: a network of its own, with nothing but loopback
//     root DIR           an empty directory, over which the root is mounted
//     scratch DIR        the worker's scratch directory
//     cache DIR          its cache
//     directory PATH     a directory in the root
//     mount FROM TO      a host's directory or file, read-only
//     link TARGET PATH   a symbolic link
//     file PATH TEXT     a file
//   -> ready
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "launcher.h"

enum { path_bytes = 4096 };

static const struct { const char *name; unsigned major, minor; } devices[] = {
    {"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const char *in_root(const char *root, const char *path)
{
    static char joined[path_bytes];
    if ((size_t)snprintf(joined, sizeof joined, "%s%s", root, path) >= sizeof joined)
        fail("too long: '%s'", path);
    return joined;
}

static void write_text(const char *file, const char *text)
{
    int map = open(file, O_WRONLY | O_CLOEXEC);
    if (map < 0 || write(map, text, strlen(text)) != (ssize_t)strlen(text))
        fail("writing '%s'", file);
    close(map);
}

// Outside of the namespace, all that happens in it is done by the worker's own user.
static void enter_user_namespace(unsigned user)
{
    unsigned own_user = geteuid(), own_group = getegid();
    if (unshare(CLONE_NEWUSER) != 0)
        fail("making a user namespace");
    char map[64];
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", user, own_user);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", user, own_group);
    write_text("/proc/self/gid_map", map);
}

static void bring_up_loopback(void)
{
    int socket_of_family = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    if (socket_of_family < 0 || ioctl(socket_of_family, SIOCSIFFLAGS, &loopback) != 0)
        fail("bringing up the loopback device");
    close(socket_of_family);
}

// Devices that carry nothing from one action to the next. Who may not make any, as in a user namespace, may bind those of the host.
static void make_devices(const char *root, bool is_user_mapped)
{
    make_directory(in_root(root, "/dev"));
    make_directory(in_root(root, "/dev/shm"));
    for (size_t number = 0; number < sizeof devices / sizeof *devices; number++)
    {
        char host[32];
        snprintf(host, sizeof host, "/dev/%s", devices[number].name);
        const char *path = in_root(root, host);
        dev_t device = makedev(devices[number].major, devices[number].minor);
        if (!is_user_mapped && mknod(path, S_IFCHR | 0666, device) == 0 && chmod(path, 0666) == 0)
            continue;
        make_file(path, "");
        mount_bind(host, path);
    }

    static const char *const links[][2] = {
        {"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
    };
    for (size_t number = 0; number < sizeof links / sizeof *links; number++)
        if (symlink(links[number][0], in_root(root, links[number][1])) != 0)
            fail("linking '%s'", links[number][1]);
}

// Directories above a path, and the place itself: a directory, or a file if that is what is to be mounted there.
static void make_place(const char *root, const char *path, const char *source)
{
    char place[path_bytes];
    snprintf(place, sizeof place, "%s", in_root(root, path));
    for (char *slash = place + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++)
    {
        *slash = '\0';
        make_directory(place);
        *slash = '/';
    }
    struct stat status;
    if (source != NULL && stat(source, &status) != 0)
        fail("looking at '%s'", source);
    if (source != NULL && !S_ISDIR(status.st_mode))
        make_file(place, "");
    else
        make_directory(place);
}

static void mount_scratch(const char *root, const char *scratch, const char *cache)
{
    make_directory(in_root(root, NOTHING));
    make_directory(in_root(root, WORKER));
    make_directory(in_root(root, SCRATCH));
    mount_bind(scratch, in_root(root, SCRATCH));
    make_directory(in_root(root, CACHE));
    mount_bind_read_only(cache, in_root(root, CACHE));
}

// A user namespace may mount a /proc of its own only as long as it sees all of another one.
static void keep_proc(const char *root)
{
    const char *place = in_root(root, HOST_PROC);
    make_directory(place);
    if (mount("/proc", place, NULL, MS_BIND | MS_REC, NULL) != 0)
        fail("binding /proc");
}

static void move_into(const char *root)
{
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        fail("moving into the new root");

    // Mounts on it still work, writing to it does not.
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL) != 0)
        fail("making the new root read-only");
}

static char *next_value(struct request *request, const char *key)
{
    char *value = request_next(request);
    if (value == NULL)
        fail("'%s' has no value", key);
    return value;
}

void setup(struct request *request, struct world *world)
{
    const char *root = NULL, *scratch = NULL, *cache = NULL;
    bool has_own_network = true;
    umask(022);
    for (const char *key; (key = request_next(request)) != NULL;)
    {
        char *value = next_value(request, key);
        if (strcmp(key, "user") == 0)
        {
            world->user = (unsigned)request_number(value);
        }
        else if (strcmp(key, "map") == 0)
        {
            world->is_user_mapped = strcmp(value, "1") == 0;
        }
        else if (strcmp(key, "network") == 0)
        {
            has_own_network = strcmp(value, "host") != 0;
        }
        else if (strcmp(key, "root") == 0)
        {
            root = value;
        }
        else if (strcmp(key, "scratch") == 0)
        {
            scratch = value;
        }
        else if (strcmp(key, "cache") == 0)
        {
            // The last of what has to be known before anything is mounted: from here on, each word is done as it comes.
            cache = value;
            if (root == NULL || scratch == NULL)
                fail("'root' and 'scratch' stand before 'cache'");
            if (world->is_user_mapped)
                enter_user_namespace(world->user);
            if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | (has_own_network ? CLONE_NEWNET : 0)) != 0)
                fail("making namespaces");
            if (has_own_network)
                bring_up_loopback();
            if (sethostname("remoteexec", strlen("remoteexec")) != 0)
                fail("naming the host");
            if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
                fail("keeping mounts private");
            mount_new("tmpfs", root, MS_NOSUID, "mode=0755");
            make_devices(root, world->is_user_mapped);
            mount_scratch(root, scratch, cache);
            if (world->is_user_mapped)
                keep_proc(root);
        }
        else if (cache == NULL)
        {
            fail("'%s' before 'cache'", key);
        }
        else if (strcmp(key, "directory") == 0)
        {
            make_place(root, value, NULL);
        }
        else if (strcmp(key, "mount") == 0)
        {
            const char *to = next_value(request, key);
            make_place(root, to, value);
            mount_bind_read_only(value, in_root(root, to));
        }
        else if (strcmp(key, "link") == 0)
        {
            const char *path = next_value(request, key);
            if (symlink(value, in_root(root, path)) != 0)
                fail("linking '%s'", path);
        }
        else if (strcmp(key, "file") == 0)
        {
            const char *text = next_value(request, key);
            make_file(in_root(root, value), text);
        }
        else
        {
            fail("no such key of 'setup': '%s'", key);
        }
    }
    if (cache == NULL)
        fail("'setup' without 'cache'");

    // When the machine is short of memory, the kernel shall end actions before anything else.
    write_text("/proc/self/oom_score_adj", "500");
    move_into(root);

    // Nobody may look into the launcher, nor into the first process of an action, which is a copy of it. Not before: it closes /proc/self.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        fail("prctl(PR_SET_DUMPABLE)");
    reply(-1, "ready", NULL);
}

// Mounts, and the places they need.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

enum { path_bytes = 4096, options_bytes = 8192 };

void mount_new(const char *kind, const char *target, unsigned long flags, const char *options)
{
    if (mount(kind, target, kind, flags, options) != 0)
        fail("mounting %s at '%s' (%s)", kind, target, options == NULL ? "" : options);
}

void mount_bind(const char *source, const char *target)
{
    if (mount(source, target, NULL, MS_BIND, NULL) != 0)
        fail("binding '%s' to '%s'", source, target);
}

void mount_bind_read_only(const char *source, const char *target)
{
    if (mount(source, target, NULL, MS_BIND | MS_REC, NULL) != 0)
        fail("binding '%s' to '%s'", source, target);

    // Only sets: what is forbidden on the host already stays so, which a user namespace insists on.
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE, &attributes, sizeof attributes) != 0)
        fail("making '%s' read-only", target);
}

void mount_overlay(const char *lower, const char *upper, const char *work, const char *target, bool is_user_mapped, const char *more)
{
    // Volatile: nobody needs the upper directory after a crash of the machine, so it is not flushed when it is unmounted.
    char options[options_bytes];
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s,volatile%s%s", lower, upper, work, is_user_mapped ? ",userxattr" : "", more);
    mount_new("overlay", target, MS_NOSUID | MS_NODEV, options);
}

void mount_kept(const char *from, const char *changes, const char *target, bool is_user_mapped)
{
    if (changes == NULL)
    {
        mount_bind(from, target);
        return;
    }
    char upper[path_bytes], work[path_bytes];
    snprintf(upper, sizeof upper, "%s/upper", changes);
    snprintf(work, sizeof work, "%s/work", changes);

    // What is in the upper directory is later moved to the lower one: nothing in it may refer to the lower one. In a user namespace it can't, and the kernel takes no option.
    mount_overlay(from, upper, work, target, is_user_mapped, is_user_mapped ? ",index=off" : ",redirect_dir=off,metacopy=off,index=off");
}

void make_directory(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        fail("making the directory '%s'", path);
}

void make_file(const char *path, const char *content)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        fail("making '%s'", path);
    size_t size = strlen(content);
    if (write(file, content, size) != (ssize_t)size)
        fail("writing '%s'", path);
    close(file);
}
